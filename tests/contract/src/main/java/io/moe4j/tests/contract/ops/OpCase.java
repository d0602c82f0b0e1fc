package io.moe4j.tests.contract.ops;

import java.util.function.Function;

/**
 * A call that can be made on any device.
 *
 * @param name says what is special about it
 * @param prepare makes the operands
 */
record OpCase(String name, Function<OpBench, OpCall> prepare) {}
