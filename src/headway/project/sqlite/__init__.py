"""Django's SQLite backend with the durability that a record of learning needs."""
