package io.moe4j.tests.contract.ops;

import java.util.function.Function;

/**
 * A call that can be made on any device.
 *
 * @param name says what is special about it
 * @param prepare makes the operands
 */
record OpCase(String name, Function<OpBench, OpCall> prepare) {

    /** The same call, with NaN in element {@code element} of the operand that is made as number {@code operand}; the definition says where it goes. */
    OpCase withNaN(int operand, int element) {
        return new OpCase(name + ", NaN in operand " + operand, bench -> {
            OpCall call = prepare.apply(bench);
            bench.operand(operand).set(element, Double.NaN);
            return call;
        });
    }
}
