package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * A loop whose length is in the device's memory: {@code for (pass = first; pass < min(end, limit); pass++)}. See {@link Stream#repeat}.
 *
 * <p>Example: first 1, limit 4, and the value of {@code end_1} is 3: the passes are 1 and 2.
 *
 * @param pass_1 I32 (1): the device writes the number of each pass here before the pass; undefined after the loop
 * @param end_1 I32 (1): the number after that of the last pass; only read, and must not change before the loop has ended
 * @param first the number of the first pass, not negative
 * @param limit the numbers of all passes are below this, even if {@code end_1} is larger
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DeviceLoop(Tensor pass_1, Tensor end_1, int first, int limit) {

    public DeviceLoop {
        for (Tensor number : new Tensor[] {pass_1, end_1}) {
            if (number.dtype() != DType.I32 || number.elements() != 1) {
                throw new IllegalArgumentException("a loop counts in " + number
                        + "; pass_1 and end_1 are tensors of one I32 each");
            }
        }
        if (first < 0) {
            throw new IllegalArgumentException("the first pass of a loop has the number " + first
                    + "; numbers of passes are not negative");
        }
    }

    /** Passes from 0. */
    public static DeviceLoop of(Tensor pass_1, Tensor end_1, int limit) {
        return new DeviceLoop(pass_1, end_1, 0, limit);
    }

    /** The same with passes from {@code number}. */
    public DeviceLoop withFirst(int number) {
        return new DeviceLoop(pass_1, end_1, number, limit);
    }

    /** The same with passes up to {@code number - 1} at the latest. */
    public DeviceLoop withLimit(int number) {
        return new DeviceLoop(pass_1, end_1, first, number);
    }

    /** How many passes there are at most. */
    public int mostPasses() {
        return Math.max(0, limit - first);
    }
}
