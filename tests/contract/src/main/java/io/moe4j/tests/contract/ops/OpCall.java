package io.moe4j.tests.contract.ops;

import java.util.List;
import java.util.function.Supplier;

/**
 * One call of an operation.
 *
 * @param enqueue enqueues the call on the bench's stream
 * @param results the operands that it may write; all others must stay as they are
 * @param expected the expected results, computed when they are read
 */
record OpCall(Runnable enqueue, List<Operand> results, Supplier<List<Expected>> expected) {}
