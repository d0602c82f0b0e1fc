package io.moe4j.tests.contract;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A tensor with scales whose elements the host knows.
 *
 * @param tensor on the device
 * @param elements stored numbers times scales, row-major; exact
 */
record ScaledValues(Tensor tensor, double[] elements) {

    /** Random numbers, with scales of very different magnitudes, so that using the scale of another block is noticed. */
    static ScaledValues random(HostValues values, DType type, List<Long> block, long seed, long... shape) {
        Random random = new Random(seed);
        long[] blocks = new long[shape.length];
        Arrays.setAll(blocks, d -> Math.ceilDiv(shape[d], block.get(d)));
        double[] numbers = random.doubles(count(shape), -20, 20).map(number -> Rounding.to(type, number)).toArray();
        double[] scales = random.doubles(count(blocks), 1, 2)
                .map(scale -> (float) Math.scalb(scale, random.nextInt(14) - 7)).toArray();
        double[] elements = new double[numbers.length];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = numbers[i] * scales[blockOf(i, block, blocks, shape)];
        }
        return new ScaledValues(values.of(type, numbers, shape)
                .withScales(Optional.of(new Scales(values.of(DType.F32, scales, blocks), block))), elements);
    }

    /** The same, stored with contiguous columns: an operand of a product that sums along columns. */
    ScaledValues byColumns(HostValues values) {
        int last = tensor.rank() - 1;
        int rows = Math.toIntExact(tensor.dim(last - 1));
        int columns = Math.toIntExact(tensor.dim(last));
        double[] numbers = values.read(tensor.withScales(Optional.empty()));
        double[] turned = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            int matrix = i / rows / columns;
            turned[(matrix * columns + i % columns) * rows + i / columns % rows] = numbers[i];
        }
        long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
        long[] stored = shape.clone();
        stored[last - 1] = columns;
        stored[last] = rows;
        long[] strides = tensor.strides().stream().mapToLong(Long::longValue).toArray();
        strides[last - 1] = 1;
        strides[last] = rows;
        return new ScaledValues(values.of(tensor.dtype(), turned, stored).strided(shape, strides)
                .withScales(tensor.scales()), elements);
    }

    /** The index of the block that element {@code i} lies in, both counted row-major. */
    static int blockOf(long i, List<Long> block, long[] blocks, long... shape) {
        long rest = i;
        long index = 0;
        long weight = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            index += weight * (rest % shape[d] / block.get(d));
            weight *= blocks[d];
            rest /= shape[d];
        }
        return Math.toIntExact(index);
    }

    private static int count(long... shape) {
        return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    /**
     * Checks one element of a product. Stored numbers of 4 significant bits have exact products in fp32. A run of r terms with the same scales takes r − 1
     * roundings for its sum, 2 for the two scales, and 1 for its addition to the other runs; the factor alpha and the added value take further ones. All are
     * relative to Σ|a · b|. So an element of k terms has at most k + 6 roundings, whether all terms are in one run or each is in its own. Storing the result
     * rounds once more.
     */
    static void check(String what, DType stored, double[] terms, double before, double actual) {
        double sum = before;
        double size = Math.abs(before);
        for (double term : terms) {
            sum += term;
            size += Math.abs(term);
        }
        double bound = (terms.length + 6) * Rounding.U32 * size;
        Rounding.check(what, sum, actual, bound + Rounding.stored(stored) * (Math.abs(sum) + bound) + Rounding.TINY);
    }
}
