package io.moe4j.runtime.planning;

import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;

/** Checks of arguments that are wrong on every device. */
final class PlanningChecks {

    private PlanningChecks() {}

    /** Memory must not have been freed. */
    static void live(String operation, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.memory().isLive()) {
                throw new IllegalStateException(
                        operation + " uses " + tensor + " in memory \"" + tensor.memory().purpose()
                                + "\", which has been freed; free it later");
            }
        }
    }

    static void that(boolean holds, String operation, String rule, Tensor... tensors) {
        if (!holds) {
            throw new IllegalArgumentException(
                    operation + " of " + Arrays.toString(tensors) + ": the rule is that " + rule);
        }
    }

    /** Checks that tensors are live, and of one shape. */
    static void sameShape(String operation, Tensor... tensors) {
        live(operation, tensors);
        that(Arrays.stream(tensors).allMatch(tensor -> tensor.shape().equals(tensors[0].shape())), operation,
                "shapes are equal", tensors);
    }

    /** Checks that tensors are live, with the same extent of dimension 0. */
    static void sameRows(String operation, Tensor... tensors) {
        live(operation, tensors);
        that(Arrays.stream(tensors).allMatch(tensor -> tensor.dim(0) == tensors[0].dim(0)), operation,
                "all have as many rows", tensors);
    }
}
