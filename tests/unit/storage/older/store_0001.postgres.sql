-- A store as the code of migration 0001 left it: literal DDL and literal bytes. Never made again by newer code.
CREATE TABLE counter (
    measure TEXT NOT NULL,
    period TEXT NOT NULL,
    dims TEXT NOT NULL,
    shard INTEGER NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (measure, period, dims, shard)
);
CREATE TABLE customer (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    next_due BIGINT,
    orders INTEGER NOT NULL,
    net_minor BIGINT NOT NULL,
    last_order_at BIGINT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX customer_due ON customer (next_due) WHERE next_due IS NOT NULL;
CREATE TABLE dead_letter (
    incarnation TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    field TEXT NOT NULL,
    detail TEXT NOT NULL,
    key BYTEA,
    value BYTEA,
    headers TEXT NOT NULL,
    relayed BOOLEAN NOT NULL,
    PRIMARY KEY (incarnation, topic, partition, "offset")
);
CREATE INDEX dead_letter_waiting ON dead_letter (at) WHERE NOT relayed;
CREATE TABLE decision (
    customer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    rule TEXT NOT NULL,
    step INTEGER NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT,
    PRIMARY KEY (customer, seq, rule, step)
);
CREATE TABLE event (
    customer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    time BIGINT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    ruleset TEXT NOT NULL,
    amount BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (customer, seq)
);
CREATE TABLE inbox (
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE TABLE message (
    key TEXT NOT NULL,
    customer TEXT NOT NULL,
    rule TEXT NOT NULL,
    step INTEGER NOT NULL,
    template TEXT NOT NULL,
    channel TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT,
    attempts INTEGER NOT NULL,
    token TEXT,
    lease_until BIGINT,
    context BYTEA NOT NULL,
    error TEXT,
    done_at BIGINT,
    PRIMARY KEY (key)
);
CREATE INDEX message_customer ON message (customer, created_at);
CREATE INDEX message_open ON message (status, due_at) WHERE done_at IS NULL;
CREATE TABLE meta (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE "order" (
    customer TEXT NOT NULL,
    key TEXT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (customer, key)
);
CREATE TABLE outbox (
    id BIGSERIAL NOT NULL,
    topic TEXT NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE partition (
    topic TEXT NOT NULL,
    id INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    position BIGINT NOT NULL,
    backend TEXT,
    at BIGINT NOT NULL,
    seen INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    halted TEXT,
    PRIMARY KEY (topic, id)
);
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0001');
INSERT INTO "meta" ("name", "value") VALUES ('digest-key', '888572f358e2431cdbf09ecfeb10242994c2b940ca3ac5a28d178999ef21f928');
INSERT INTO "partition" ("topic", "id", "epoch", "position", "backend", "at", "seen", "bad", "halted") VALUES ('events', 0, 1, 16, NULL, 1772359200000000, 16, 1, NULL);
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('anna', 5, 0, NULL, 2, 2625, 1772359200000000, '\xdc00140108cf00064bf38887c8000203cd0abe7dcf000648cedee0c800cf00064bf38887c800cf00064bf38887c80082cd5ef801cd5efa0182cd4ff99201cd09f6cd502192016481a37465610281a5656d61696cb0616e6e61406578616d706c652e636f6d81a5656d61696ccf00064bf38887c80081a5656d61696c92c3cf00064bf38887c8008083a777656c636f6d659301cf00064bf38887c80000a4636172659302cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000c2c2');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('ben', 2, 0, NULL, 0, 0, 1772359200000000, '\xdc00130103cf00064bf38887c80000016464cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80080808081aa62697274685f64617465aa313939302d30322d323881aa62697274685f64617465cf00064bf38887c800808081a777656c636f6d659301cf00064bf38887c80000c2');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('ploy', 1, 0, NULL, 1, 7000, 1772359200000000, '\xdc00140102cf00064bf38887c8000101cd1b5800cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80081cd5efa0181cd50219201cd1b588083aa66697273745f6e616d65ace0b89ee0b8a5e0b8ade0b8a2aa62697274685f64617465aa313938382d30312d3032aa6174747269627574657381a473686f65d60133372e3584aa66697273745f6e616d65cf00064bf38887c800aa62697274685f64617465cf00064bf38887c800aa61747472696275746573cf00064bf38887c800a57374616666cf00064bf38887c800808081a777656c636f6d659301cf00064bf38887c80000c3c2');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('till', 1, 0, NULL, 2, 400, 1772359200000000, '\xdc00120102cf00064bf38887c8000202cd019000cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80081cd5efa0281cd50219202cd0190808080808082a777656c636f6d659301cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'r-2', '\x96c09300a0a00080c081a3722d329393cf00064bf38887c800a52f73686f70a272321980');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-1', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a1316481a55445412d3102c081a3722d319393cf00064bf38887c800a52f73686f70a272316481a55445412d3102');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-2', '\x96cf000648cedee0c80093cf000648cedee0c800a52f73686f70a132cd09f680c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-3', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a1336480c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('ben', 'o-b1', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a262316480cf00064bf38887c80080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('ploy', 'o-p2', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a27032cd1b5880c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('till', 'o-t1', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a274316480c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('till', 'o-t2', '\x96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a27432cd012c80c080');
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x01246eba866840c7e9d4eb4927c8de7c', '\x28114b7e495cbf56467ebd203268caff', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x0a05b79e986b784ff28ef52ac28236ed', '\x73b3121556a267abede2367dca7a0292', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x37fd2df27ffb654ee1cae15e2d24eabf', '\xdec789a4193a637202d2e1dfffb437a8', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x484b70adb1e84a0155e1710cb3f5aa84', '\xadc0dee4a60d1d7f31126dc6e21e7738', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x54cfcd8d2b7a5b6f72fc78bbed6c40eb', '\xedbaaa61e78d2fba1cbd2d4a604d6332', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\x6b0e862c5768129336fd9770433844ad', '\x2226a421bae5bf68c713d2055d13da40', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xa64f541177ea7e3c784f53fc8c758213', '\xb7991019b0314014bbbe9e77fa7531a7', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xad84f1f5f21db413213d59cb174dc71c', '\xa4e8740ce1abb8935eca60000d4d8d28', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xb68086b17eee2a7bc6b8ccdad4a103d5', '\x79e883490ec88294cd6eb4b5af369717', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xc22ba2def2edadff3ae7eee355ba5040', '\xf194fd659d74fec42168af7a7b6c397d', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xe5d494d7ed7cb223858f9b4ba246d890', '\x79f5713363bfaf06e65bce192cc17e40', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xe8a8e3f4fd2c82895f81a091bad2f953', '\x0e21a0957f7ccc8e71f626f350844f53', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xf33b87991d0e6e9e17d6e82bc029224e', '\xaad301a878748534b75426ddea85d8ea', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xfe5deb8707af6a5bca21633a75399556', '\x0e16108672b1b6737d0367278a06b57e', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES ('\xfedb1645b091ea65505128e3ef0f2963', '\xfdd614f403285d9fdde27c33878ea54b', 1772359200000000);
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 1, 1772359200000000, 1772359200000000, '/shop', 'profile-anna', 'profile', 'rules-1', 0, '\x7b22656d61696c223a2022616e6e61406578616d706c652e636f6d227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 2, 1772359200000000, 1772359200000000, '/shop', 'c', 'consent', 'rules-1', 0, '\x7b226368616e6e656c223a2022656d61696c222c20227374617465223a20226772616e746564227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 3, 1772359200000000, 1772359200000000, '/shop', '1', 'purchase', 'rules-1', 100, '\x7b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 4, 1772359200000000, 1768903200000000, '/shop', '2', 'purchase', 'rules-1', 2550, '\x7b226f726465725f6964223a20226f2d32222c2022746f74616c223a202232352e3530227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 5, 1772359200000000, 1772359200000000, '/shop', 'r1', 'return', 'rules-1', 100, '\x7b2272657475726e5f6964223a2022722d31222c20226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c202263757272656e6379223a2022544842222c20226974656d73223a205b7b22736b75223a20225445412d31222c2022717479223a20327d5d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 6, 1772359200000000, 1772359200000000, '/shop', 'r2', 'return', 'rules-1', 25, '\x7b2272657475726e5f6964223a2022722d32222c2022746f74616c223a2022302e3235222c202263757272656e6379223a2022544842227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 7, 1772359200000000, 1772359200000000, '/shop', '3', 'purchase', 'rules-1', 100, '\x7b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 8, 1772359200000000, 1772359200000000, '/shop', '4', 'review', 'rules-1', 0, '\x7b22726174696e67223a20352c202274657874223a202261202771756f74656427205c5c206c696e655c6e616e642061207365636f6e64227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 1, 1772359200000000, 1772359200000000, '/shop', 'b1', 'purchase', 'rules-1', 100, '\x7b226f726465725f6964223a20226f2d6231222c2022746f74616c223a2022312e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 2, 1772359200000000, 1772359200000000, '/shop', 'b2', 'fulfilment', 'rules-1', 0, '\x7b226f726465725f6964223a20226f2d6231222c20227374617465223a202263616e63656c6c6564227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 3, 1772359200000000, 1772359200000000, '/shop', 'b3', 'birthday', 'rules-1', 0, '\x7b2264617465223a2022313939302d30322d3238227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ploy', 1, 1772359200000000, 1772359200000000, '/shop', 'p1', 'profile', 'rules-1', 0, '\x7b227374616666223a20747275652c202266697273745f6e616d65223a20225c75306531655c75306532355c75306532645c7530653232222c202262697274685f64617465223a2022313938382d30312d3032222c202261747472696275746573223a207b2273686f65223a2033372e357d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ploy', 2, 1772359200000000, 1772359200000000, '/shop', 'p2', 'purchase', 'rules-1', 7000, '\x7b226f726465725f6964223a20226f2d7032222c2022746f74616c223a202237302e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('till', 1, 1772359200000000, 1772359200000000, '/shop', 't1', 'purchase', 'rules-1', 100, '\x7b226f726465725f6964223a20226f2d7431222c2022746f74616c223a2022312e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('till', 2, 1772359200000000, 1772359200000000, '/shop', 't2', 'purchase', 'rules-1', 300, '\x7b226f726465725f6964223a20226f2d7432222c2022746f74616c223a2022332e3030227d');
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026-01', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026-03', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026Q1', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('buyers', '', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-01', '0', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-01', '2', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-03', '0', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'care/queued/', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'thanks/queued/', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'thanks/suppressed/late', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'thanks/suppressed/unreachable', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'welcome/queued/', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'welcome/suppressed/unreachable', 0, 3);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('gross', '2026-01', '', 0, 2550);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('gross', '2026-03', '', 0, 700);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('new', '2026', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('new', '2026-01', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('new', '2026-03', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('new', '2026Q1', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('not_fired', '2026-03', 'thanks/condition', 0, 4);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('not_fired', '2026-03', 'welcome/condition', 0, 3);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('orders', '2026-01', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('orders', '2026-03', '', 0, 3);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('placed', '2026-01', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('placed', '2026-03', '', 0, 5);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('refunds', '2026-03', '', 0, 225);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('refunds_of', '2026-03', '', 0, 200);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('repeaters', '', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('returns', '2026-03', '', 0, 3);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 3, 'welcome', 0, 1772359200000000, 'queued', '', '9b18ab63744cbab531d951b937aaf2e0');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 4, 'thanks', 0, 1772359200000000, 'suppressed', 'late', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 5, 'care', 0, 1772359200000000, 'queued', '', '53e9db4fe770c86c4c8caa087ed79ec3');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 6, 'care', 0, 1772359200000000, 'queued', '', 'a975523f91b430ac31b38b77938f1d61');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 7, 'thanks', 0, 1772359200000000, 'queued', '', '9235c3d0e9dc762e143eb5a13bb020b6');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ben', 1, 'welcome', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ploy', 2, 'welcome', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('till', 1, 'welcome', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('till', 2, 'thanks', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "lease_until", "context", "error", "done_at") VALUES ('53e9db4fe770c86c4c8caa087ed79ec3', 'anna', 'care', 0, 'care', 'email', 'transactional', 'sent', 1772359200000000, 1772359200000000, NULL, 1, NULL, NULL, '\x97a672657475726ecf00064bf38887c800c4727b2272657475726e5f6964223a2022722d31222c20226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c202263757272656e6379223a2022544842222c20226974656d73223a205b7b22736b75223a20225445412d31222c2022717479223a20327d5d7d640102a443617265', NULL, 1772359200002002);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "lease_until", "context", "error", "done_at") VALUES ('9235c3d0e9dc762e143eb5a13bb020b6', 'anna', 'thanks', 0, 'thanks', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, NULL, '\x97a87075726368617365cf00064bf38887c800c4247b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d640203a65468616e6b73', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "lease_until", "context", "error", "done_at") VALUES ('9b18ab63744cbab531d951b937aaf2e0', 'anna', 'welcome', 0, 'welcome', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, NULL, '\x97a87075726368617365cf00064bf38887c800c4877b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d640101a757656c636f6d65', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "lease_until", "context", "error", "done_at") VALUES ('a975523f91b430ac31b38b77938f1d61', 'anna', 'care', 0, 'care', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, NULL, '\x97a672657475726ecf00064bf38887c800c4387b2272657475726e5f6964223a2022722d32222c2022746f74616c223a2022302e3235222c202263757272656e6379223a2022544842227d190102a443617265', NULL, NULL);
INSERT INTO "outbox" ("id", "topic", "key", "value") VALUES (1, 'events', '\x616e6e61', '\x7b227370656376657273696f6e223a2022312e30222c20226964223a202235336539646234666537373063383663346338636161303837656437396563333a73656e74222c2022736f75726365223a2022726567756c6172733a64656c6976657279222c202274797065223a20226d657373616765222c20227375626a656374223a2022616e6e61222c202274696d65223a2022323032362d30332d30315431303a30303a30302e3030323030322b30303a3030222c202264617461223a207b226d6573736167655f6964223a20223533653964623466653737306338366334633863616130383765643739656333222c20227374617465223a202273656e74222c20226368616e6e656c223a2022656d61696c227d7d');
INSERT INTO "dead_letter" ("incarnation", "topic", "partition", "offset", "at", "reason", "field", "detail", "key", "value", "headers", "relayed") VALUES ('log-1', 'events', 0, 11, 1772359200000000, 'not-json', '', 'The event is not JSON (RFC 8259).', '\x616e6e61', '\x7b', '[]', FALSE);
SELECT setval('outbox_id_seq', 1);
