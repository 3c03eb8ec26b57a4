int absent() { return 0; }
