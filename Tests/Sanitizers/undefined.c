// Undefined behaviour that UndefinedBehaviorSanitizer must report: self-test.swift calls it.

int self_test_sum(int a, int b) { return a + b; }
