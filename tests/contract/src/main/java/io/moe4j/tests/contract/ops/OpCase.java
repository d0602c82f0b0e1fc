package io.moe4j.tests.contract.ops;

import java.util.function.Function;

/**
 * A call that can be made on every device.
 *
 * @param name a name that says what is special about it
 * @param prepare makes the operands
 */
record OpCase(String name, Function<OpBench, OpCall> prepare) {

    /**
     * The same call, with NaN in element {@code element} of operand number {@code operand} in the order of making; the definition says which results are
     * then NaN.
     */
    OpCase withNaN(int operand, int element) {
        return new OpCase(name + ", NaN in operand " + operand, bench -> {
            OpCall call = prepare.apply(bench);
            bench.operand(operand).set(element, Double.NaN);
            return call;
        });
    }
}
