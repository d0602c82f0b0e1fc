package io.moe4j.comm.standard;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.stream.LongStream;

/** What is refused before anything is launched. */
final class Checks {

    private Checks() {}

    static void tensor(String name, Tensor tensor, DType dtype, long... shape) {
        List<Long> wanted = LongStream.of(shape).boxed().toList();
        if (tensor.dtype() != dtype || !tensor.shape().equals(wanted) || !tensor.isContiguous()) {
            throw new IllegalArgumentException(name + " is " + tensor + "; it must be a contiguous " + dtype + wanted
                    + ", the shape that standard was opened for");
        }
    }

    static void opening(CommConfig config, CommContext context) {
        int ranks = context.group().size();
        if (config.experts() % ranks != 0) {
            throw new DeviceException(config.experts() + " experts cannot be divided among the " + ranks + " ranks of "
                    + context.group().name() + "; choose an expert-parallel degree that divides the number of experts");
        }
        if (context.collectives().isEmpty()) {
            throw new DeviceException("standard was opened without collectives; open some on the group, as its"
                    + " requirements say");
        }
        if (config.capacityRows(ranks) > Integer.MAX_VALUE || config.routedRows() > Integer.MAX_VALUE) {
            throw new DeviceException("a rank would send " + config.routedRows() + " rows and receive up to "
                    + config.capacityRows(ranks) + ", but both must be below 2^31; use fewer tokens in one exchange");
        }
    }
}
