package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/** Checks of arguments that several operations share. */
final class OperandChecks {
    private OperandChecks() {}

    static void shape(String name, Tensor tensor, long... extents) {
        List<Long> wanted = java.util.stream.LongStream.of(extents).boxed().toList();
        if (!tensor.shape().equals(wanted)) {
            throw new IllegalArgumentException(name + " is " + tensor + ", but must be of shape " + wanted);
        }
    }

    static void elements(String name, Tensor tensor, long wanted) {
        if (tensor.elements() != wanted) {
            throw new IllegalArgumentException(name + " is " + tensor + ", but must have " + wanted + " elements");
        }
    }

    /** Requires a contiguous tensor of this type. */
    static void dense(String name, Tensor tensor, DType type) {
        if (tensor.dtype() != type || !tensor.isContiguous()) {
            throw new IllegalArgumentException(name + " is " + tensor + ", but must be contiguous and of " + type);
        }
    }

    /** Like {@link #ids}, for labels: the label of tokens without loss is allowed too. */
    static void labels(long address, long count, long end) {
        for (long t = 0; t < count; t++) {
            if (Lanes.getInt(address, t) != LossOps.IGNORED_LABEL) {
                id("labels", address, t, end);
            }
        }
    }

    /** Requires each id to be in [0, {@code end}). The ids are read from memory when the work runs. */
    static void ids(String name, long address, long count, long end) {
        for (long i = 0; i < count; i++) {
            id(name, address, i, end);
        }
    }

    private static void id(String name, long address, long i, long end) {
        int id = Lanes.getInt(address, i);
        if (id < 0 || id >= end) {
            throw new DeviceException(name + " has " + id + " at position " + i + "; ids must be in [0, " + end
                    + "): check that the data and the model have the same vocabulary or experts");
        }
    }
}
