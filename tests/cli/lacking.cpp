// A program whose library is not where the loader looks.
int absent();
int main() { return absent(); }
