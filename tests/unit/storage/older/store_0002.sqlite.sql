-- A store as the code of migration 0002 left it: literal DDL and literal bytes. Never made again by newer code.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE meta (
    name TEXT NOT NULL, 
    value TEXT NOT NULL, 
    PRIMARY KEY (name)
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
CREATE TABLE customer (
    id TEXT NOT NULL, 
    version BIGINT NOT NULL, 
    shard INTEGER NOT NULL, 
    next_due BIGINT, 
    orders INTEGER NOT NULL, 
    net_minor BIGINT NOT NULL, 
    last_order_at BIGINT NOT NULL, 
    state BLOB NOT NULL, 
    PRIMARY KEY (id)
);
CREATE INDEX customer_due ON customer (next_due) WHERE next_due IS NOT NULL;
CREATE TABLE "order" (
    customer TEXT NOT NULL, 
    "key" TEXT NOT NULL, 
    state BLOB NOT NULL, 
    PRIMARY KEY (customer, "key")
);
CREATE TABLE inbox (
    digest BLOB NOT NULL, 
    content BLOB NOT NULL, 
    at BIGINT NOT NULL, 
    PRIMARY KEY (digest)
)
 WITHOUT ROWID;
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
    data BLOB NOT NULL, 
    PRIMARY KEY (customer, seq)
);
CREATE TABLE snapshot (
    customer TEXT NOT NULL, 
    let_go BIGINT NOT NULL, 
    staff_at BIGINT NOT NULL, 
    staff BOOLEAN NOT NULL, 
    seq BIGINT NOT NULL, 
    state BLOB, 
    next_seq BIGINT, 
    next_at BIGINT, 
    next_state BLOB, 
    PRIMARY KEY (customer)
);
CREATE TABLE snapshot_order (
    customer TEXT NOT NULL, 
    "key" TEXT NOT NULL, 
    state BLOB NOT NULL, 
    PRIMARY KEY (customer, "key")
);
CREATE TABLE counter (
    measure TEXT NOT NULL, 
    period TEXT NOT NULL, 
    dims TEXT NOT NULL, 
    shard INTEGER NOT NULL, 
    value BIGINT NOT NULL, 
    PRIMARY KEY (measure, period, dims, shard)
);
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
CREATE TABLE message (
    "key" TEXT NOT NULL, 
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
    context BLOB NOT NULL, 
    error TEXT, 
    done_at BIGINT, 
    PRIMARY KEY ("key")
);
CREATE INDEX message_customer ON message (customer, created_at);
CREATE INDEX message_open ON message (status, due_at) WHERE done_at IS NULL;
CREATE TABLE outbox (
    id INTEGER NOT NULL, 
    topic TEXT NOT NULL, 
    "key" BLOB NOT NULL, 
    value BLOB NOT NULL, 
    PRIMARY KEY (id)
);
CREATE TABLE dead_letter (
    incarnation TEXT NOT NULL, 
    topic TEXT NOT NULL, 
    partition INTEGER NOT NULL, 
    "offset" BIGINT NOT NULL, 
    at BIGINT NOT NULL, 
    reason TEXT NOT NULL, 
    field TEXT NOT NULL, 
    detail TEXT NOT NULL, 
    "key" BLOB, 
    value BLOB, 
    headers TEXT NOT NULL, 
    relayed BOOLEAN NOT NULL, 
    PRIMARY KEY (incarnation, topic, partition, "offset")
);
CREATE INDEX dead_letter_waiting ON dead_letter (at) WHERE NOT relayed;
INSERT INTO "alembic_version" ("version_num") VALUES ('0002');
INSERT INTO "meta" ("name", "value") VALUES ('digest-key', '8cf49dfea122afd19fc5b22bd8d1c1527eaeab50ac6e7225fa257c6bbef7da7a');
INSERT INTO "partition" ("topic", "id", "epoch", "position", "backend", "at", "seen", "bad", "halted") VALUES ('events', 0, 1, 16, NULL, 1772359200000000, 16, 1, NULL);
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('anna', 3, 0, NULL, 2, 2625, 1772359200000000, X'dc001b0108cf00064bf38887c8000203cd0abe7dcf000648cedee0c800cf00064bf38887c800cf00064bf38887c80082cd5ef801cd5efa0182cd4ff99201cd09f6cd502192016481a37465610281a5656d61696cb0616e6e61406578616d706c652e636f6d81a5656d61696ccf00064bf38887c80081a5656d61696c92c3cf00064bf38887c8008084a66164766963659302cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000a4636172659302cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000c2c280808090909080');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('ben', 1, 0, NULL, 0, 0, 1772359200000000, X'dc001b0103cf00064bf38887c80000016464cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80080808081aa62697274685f64617465aa313939302d30322d323881aa62697274685f64617465cf00064bf38887c800808082a66164766963659301cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000c2c280808090909080');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('ploy', 1, 0, NULL, 1, 7000, 1772359200000000, X'dc001b0102cf00064bf38887c8000101cd1b5800cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80081cd5efa0181cd50219201cd1b588083aa66697273745f6e616d65ace0b89ee0b8a5e0b8ade0b8a2aa62697274685f64617465aa313938382d30312d3032aa6174747269627574657381a473686f65d60133372e3584aa66697273745f6e616d65cf00064bf38887c800aa62697274685f64617465cf00064bf38887c800aa61747472696275746573cf00064bf38887c800a57374616666cf00064bf38887c800808082a66164766963659301cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000c3c280808090909080');
INSERT INTO "customer" ("id", "version", "shard", "next_due", "orders", "net_minor", "last_order_at", "state") VALUES ('till', 1, 0, NULL, 2, 400, 1772359200000000, X'dc001b0102cf00064bf38887c8000202cd019000cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80081cd5efa0281cd50219202cd0190808080808083a66164766963659302cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000c2c280808090909080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'r-2', X'96c09300a0a00080c081a3722d329393cf00064bf38887c800a52f73686f70a272321980');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-1', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a1316481a55445412d3102c081a3722d319393cf00064bf38887c800a52f73686f70a272316481a55445412d3102');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-2', X'96cf000648cedee0c80093cf000648cedee0c800a52f73686f70a132cd09f680c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('anna', 'o-3', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a1336480c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('ben', 'o-b1', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a262316480cf00064bf38887c80080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('ploy', 'o-p2', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a27032cd1b5880c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('till', 'o-t1', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a274316480c080');
INSERT INTO "order" ("customer", "key", "state") VALUES ('till', 'o-t2', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a27432cd012c80c080');
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'148a83894049d39798260e58b8788aa5', X'80a317e0b2457db91def70c722c211b4', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'1eef5ae4a0b8e8a3ee9f71447f3bba27', X'014af36b5ec3f97c298c9bc224f9a293', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'6fd8aa73e844641440392dd1e2187eac', X'7ed3f0680080ab82bdcaf2cea8fa8b64', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'71cac8fb4e9b373dd9c06d536d17a589', X'ed9634ea4e6a62e45d5ef44e59888e19', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'924d0a246180e5a83f9a10a0fdc5fb7c', X'0a15be5002033a9e419d48a1d943a938', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'98b6797ab2e127610610e6a4478b0465', X'184bac1a7391e49b4cf7a3eb387ded4b', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'9e0adfb45da1ba96fd7e07ed323eec29', X'864d626ce4cf3870f748cec52e4ae294', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'a28b58d99caff1d152f1e692adcd3a1a', X'5597e4d0d773243c48e7010d9453cccb', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'a56b0fc3b77c551b5de3f58825fa96ed', X'bb49c9ab34c885f8608e2c2afc8b0605', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'b94b91f86f206821c45a6bda5369ead4', X'61723b224dafbb1139d865b3016949ad', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'c3f99450d7da4129b9158106cf13b749', X'25dc58c7ad13b870c3ac9c986299242c', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'c4e864c3724bbc1768990d70ac7e9e5d', X'745a7c5e7aacbc43af0adbd47be8aa69', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'deafbb34cb343f413555dd87ed7a9806', X'e84fe41d2b325402722642803762245b', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'f59787e367ee23fc351f2ab6886230f8', X'4d6fd88cc958613f013cde42a431cb1d', 1772359200000000);
INSERT INTO "inbox" ("digest", "content", "at") VALUES (X'fda793d5042a152945f9f13f287b9bba', X'f2322d5dbe7608725acc6c0d0d1f8e77', 1772359200000000);
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 1, 1772359200000000, 1772359200000000, '/shop', 'profile-anna', 'profile', 'rules-1', 0, X'7b22656d61696c223a2022616e6e61406578616d706c652e636f6d227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 2, 1772359200000000, 1772359200000000, '/shop', 'c', 'consent', 'rules-1', 0, X'7b226368616e6e656c223a2022656d61696c222c20227374617465223a20226772616e746564227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 3, 1772359200000000, 1772359200000000, '/shop', '1', 'purchase', 'rules-1', 100, X'7b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 4, 1772359200000000, 1768903200000000, '/shop', '2', 'purchase', 'rules-1', 2550, X'7b226f726465725f6964223a20226f2d32222c2022746f74616c223a202232352e3530227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 5, 1772359200000000, 1772359200000000, '/shop', 'r1', 'return', 'rules-1', 100, X'7b2272657475726e5f6964223a2022722d31222c20226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c202263757272656e6379223a2022544842222c20226974656d73223a205b7b22736b75223a20225445412d31222c2022717479223a20327d5d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 6, 1772359200000000, 1772359200000000, '/shop', 'r2', 'return', 'rules-1', 25, X'7b2272657475726e5f6964223a2022722d32222c2022746f74616c223a2022302e3235222c202263757272656e6379223a2022544842227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 7, 1772359200000000, 1772359200000000, '/shop', '3', 'purchase', 'rules-1', 100, X'7b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('anna', 8, 1772359200000000, 1772359200000000, '/shop', '4', 'review', 'rules-1', 0, X'7b22726174696e67223a20352c202274657874223a202261202771756f74656427205c5c206c696e655c6e616e642061207365636f6e64227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 1, 1772359200000000, 1772359200000000, '/shop', 'b1', 'purchase', 'rules-1', 100, X'7b226f726465725f6964223a20226f2d6231222c2022746f74616c223a2022312e3030227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 2, 1772359200000000, 1772359200000000, '/shop', 'b2', 'fulfilment', 'rules-1', 0, X'7b226f726465725f6964223a20226f2d6231222c20227374617465223a202263616e63656c6c6564227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ben', 3, 1772359200000000, 1772359200000000, '/shop', 'b3', 'birthday', 'rules-1', 0, X'7b2264617465223a2022313939302d30322d3238227d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ploy', 1, 1772359200000000, 1772359200000000, '/shop', 'p1', 'profile', 'rules-1', 0, X'7b227374616666223a20747275652c202266697273745f6e616d65223a20225c75306531655c75306532355c75306532645c7530653232222c202262697274685f64617465223a2022313938382d30312d3032222c202261747472696275746573223a207b2273686f65223a2033372e357d7d');
INSERT INTO "event" ("customer", "seq", "at", "time", "source", "id", "type", "ruleset", "amount", "data") VALUES ('ploy', 2, 1772359200000000, 1772359200000000, '/shop', 'p2', 'purchase', 'rules-1', 7000, X'7b226f726465725f6964223a20226f2d7032222c2022746f74616c223a202237302e3030227d');
INSERT INTO "snapshot" ("customer", "let_go", "staff_at", "staff", "seq", "state", "next_seq", "next_at", "next_state") VALUES ('anna', 0, 0, 0, 0, NULL, 8, 1772359200000001, X'dc001b0108cf00064bf38887c8000203cd0abe7dcf000648cedee0c800cf00064bf38887c800cf00064bf38887c80082cd5ef801cd5efa0182cd4ff99201cd09f6cd502192016481a37465610281a5656d61696cb0616e6e61406578616d706c652e636f6d81a5656d61696ccf00064bf38887c80081a5656d61696c92c3cf00064bf38887c8008084a66164766963659302cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000a4636172659302cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000c2c280808090909080');
INSERT INTO "snapshot" ("customer", "let_go", "staff_at", "staff", "seq", "state", "next_seq", "next_at", "next_state") VALUES ('ben', 0, 0, 0, 0, NULL, 3, 1772359200000001, X'dc001b0103cf00064bf38887c80000016464cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80080808081aa62697274685f64617465aa313939302d30322d323881aa62697274685f64617465cf00064bf38887c800808082a66164766963659301cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000c2c280808090909080');
INSERT INTO "snapshot" ("customer", "let_go", "staff_at", "staff", "seq", "state", "next_seq", "next_at", "next_state") VALUES ('till', 2, 0, 0, 2, X'dc001b0102cf00064bf38887c8000202cd019000cf00064bf38887c800cf00064bf38887c800cf00064bf38887c80081cd5efa0281cd50219202cd0190808080808083a66164766963659302cf00064bf38887c80000a777656c636f6d659301cf00064bf38887c80000a67468616e6b739301cf00064bf38887c80000c2c280808090909080', NULL, NULL, NULL);
INSERT INTO "snapshot_order" ("customer", "key", "state") VALUES ('till', 'o-t1', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a274316480c080');
INSERT INTO "snapshot_order" ("customer", "key", "state") VALUES ('till', 'o-t2', X'96cf00064bf38887c80093cf00064bf38887c800a52f73686f70a27432cd012c80c080');
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026-01', '', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026-03', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('active', '2026Q1', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('buyers', '', '', 0, 2);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-01', '0', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-01', '2', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('cohort', '2026-03', '0', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'advice/queued/', 0, 4);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'advice/suppressed/late', 0, 1);
INSERT INTO "counter" ("measure", "period", "dims", "shard", "value") VALUES ('decided', '2026-03', 'advice/suppressed/unreachable', 0, 14);
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
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 3, 'advice', 0, 1772359200000000, 'queued', '', '10bd739168f02e77ca8ec32516fe0dcd');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 3, 'advice', 1, 1772359200000000, 'queued', '', '0007007139d7b3e9cc07c4e510d7777c');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 3, 'advice', 2, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 3, 'welcome', 0, 1772359200000000, 'queued', '', '9b18ab63744cbab531d951b937aaf2e0');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 4, 'advice', 0, 1772359200000000, 'suppressed', 'late', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 4, 'thanks', 0, 1772359200000000, 'suppressed', 'late', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 5, 'care', 0, 1772359200000000, 'queued', '', '53e9db4fe770c86c4c8caa087ed79ec3');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 6, 'care', 0, 1772359200000000, 'queued', '', 'a975523f91b430ac31b38b77938f1d61');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 7, 'advice', 0, 1772359200000000, 'queued', '', 'badfa6be201d98f77d4e16c9e2fffc1b');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 7, 'advice', 1, 1772359200000000, 'queued', '', '027cec96e3751ab8f3bda9fb3b0332a9');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 7, 'advice', 2, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('anna', 7, 'thanks', 0, 1772359200000000, 'queued', '', '9235c3d0e9dc762e143eb5a13bb020b6');
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ben', 1, 'advice', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ben', 1, 'advice', 1, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ben', 1, 'advice', 2, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ben', 1, 'welcome', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ploy', 2, 'advice', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ploy', 2, 'advice', 1, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ploy', 2, 'advice', 2, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "decision" ("customer", "seq", "rule", "step", "at", "outcome", "reason", "message") VALUES ('ploy', 2, 'welcome', 0, 1772359200000000, 'suppressed', 'unreachable', NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('0007007139d7b3e9cc07c4e510d7777c', 'anna', 'advice', 1, 'advice-2', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a87075726368617365cf00064bf38887c800c4877b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d640101a6416476696365', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('027cec96e3751ab8f3bda9fb3b0332a9', 'anna', 'advice', 1, 'advice-2', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a87075726368617365cf00064bf38887c800c4247b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d640203a6416476696365', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('10bd739168f02e77ca8ec32516fe0dcd', 'anna', 'advice', 0, 'advice-1', 'email', 'transactional', 'sent', 1772359200000000, 1772359200000000, NULL, 1, NULL, X'97a87075726368617365cf00064bf38887c800c4877b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d640101a6416476696365', NULL, 1772359202000000);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('53e9db4fe770c86c4c8caa087ed79ec3', 'anna', 'care', 0, 'care', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a672657475726ecf00064bf38887c800c4727b2272657475726e5f6964223a2022722d31222c20226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c202263757272656e6379223a2022544842222c20226974656d73223a205b7b22736b75223a20225445412d31222c2022717479223a20327d5d7d640102a443617265', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('9235c3d0e9dc762e143eb5a13bb020b6', 'anna', 'thanks', 0, 'thanks', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a87075726368617365cf00064bf38887c800c4247b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d640203a65468616e6b73', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('9b18ab63744cbab531d951b937aaf2e0', 'anna', 'welcome', 0, 'welcome', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a87075726368617365cf00064bf38887c800c4877b226f726465725f6964223a20226f2d31222c2022746f74616c223a2022312e3030222c20226974656d73223a205b7b22736b75223a20225445412d31222c20226e616d65223a20225c75306530615c7530653332222c202263617465676f7279223a2022746561222c2022717479223a20322c20227072696365223a2022302e3530227d5d7d640101a757656c636f6d65', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('a975523f91b430ac31b38b77938f1d61', 'anna', 'care', 0, 'care', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a672657475726ecf00064bf38887c800c4387b2272657475726e5f6964223a2022722d32222c2022746f74616c223a2022302e3235222c202263757272656e6379223a2022544842227d190102a443617265', NULL, NULL);
INSERT INTO "message" ("key", "customer", "rule", "step", "template", "channel", "class", "status", "created_at", "due_at", "expires_at", "attempts", "token", "context", "error", "done_at") VALUES ('badfa6be201d98f77d4e16c9e2fffc1b', 'anna', 'advice', 0, 'advice-1', 'email', 'transactional', 'queued', 1772359200000000, 1772359200000000, NULL, 0, NULL, X'97a87075726368617365cf00064bf38887c800c4247b226f726465725f6964223a20226f2d33222c2022746f74616c223a2022312e3030227d640203a6416476696365', NULL, NULL);
INSERT INTO "outbox" ("id", "topic", "key", "value") VALUES (1, 'events', X'616e6e61', X'7b227370656376657273696f6e223a22312e30222c226964223a2231306264373339313638663032653737636138656333323531366665306463643a73656e74222c22736f75726365223a22726567756c6172733a64656c6976657279222c2274797065223a226d657373616765222c227375626a656374223a22616e6e61222c2274696d65223a22323032362d30332d30315431303a30303a30322b30303a3030222c2264617461223a7b226d6573736167655f6964223a223130626437333931363866303265373763613865633332353136666530646364222c227374617465223a2273656e74222c226368616e6e656c223a22656d61696c227d7d');
INSERT INTO "dead_letter" ("incarnation", "topic", "partition", "offset", "at", "reason", "field", "detail", "key", "value", "headers", "relayed") VALUES ('log-1', 'events', 0, 13, 1772359200000000, 'not-json', '', 'The event is not JSON (RFC 8259).', X'616e6e61', X'7b', '[]', 0);
