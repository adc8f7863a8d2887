"""What a broker does to a consumer group, on command."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest

from streams.broker import Broker


async def kick_out(broker: Broker, group: str) -> None:
    """Throw the one member of this group out, as a broker does when it has not heard of it for a session."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        coordinator = await admin.find_coordinator(group)
        [answer] = await admin.describe_consumer_groups([group], coordinator)
        [described] = answer.groups
        [member] = [each[0] for each in described[5]]
        await admin._send_request(LeaveGroupRequest(group, member), coordinator)
    finally:
        await admin.close()
