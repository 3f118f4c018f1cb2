"""Real servers for the tests, each started once per test process and never left behind."""
