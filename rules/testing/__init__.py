"""The tests of a shop's rules (`rules/tests/*.yaml`): from the files to what is expected, played and compared."""
