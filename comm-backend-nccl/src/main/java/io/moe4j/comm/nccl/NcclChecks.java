package io.moe4j.comm.nccl;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.LongStream;

/** Checks arguments that NCCL would accept silently although they are wrong. */
final class NcclChecks {

    private NcclChecks() {}

    @SuppressWarnings("ReferenceEquality") // an in-place call passes the same tensor twice
    static void require(boolean condition, String call, Group group, String rule, Tensor in, Tensor out) {
        if (!condition || !in.isContiguous() || !out.isContiguous()) {
            throw new DeviceException(call + " over the " + group.size() + " ranks of group " + group.name() + " of "
                    + in + (in == out ? "" : " into " + out) + ": " + rule + ", and tensors are contiguous");
        }
    }

    static void requireRows(Group group, Tensor tensor, long[] rows, String what) {
        boolean fits = rows.length == group.size() && LongStream.of(rows).allMatch(count -> count >= 0)
                && tensor.rank() > 0 && LongStream.of(rows).sum() <= tensor.dim(0) && tensor.isContiguous();
        if (!fits) {
            throw new DeviceException("all-to-all-v over the " + group.size() + " ranks of group " + group.name() + " "
                    + what + " " + Arrays.toString(rows) + " rows of " + tensor
                    + ": one count >= 0 for each rank, together at most the rows of the tensor, which is contiguous");
        }
    }

    /** Bytes of one index of the outermost dimension. */
    static long rowBytes(Tensor tensor) {
        return tensor.shape().stream().skip(1).reduce((long) tensor.dtype().bytes(), Math::multiplyExact);
    }
}
