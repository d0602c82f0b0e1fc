package io.moe4j.app.bench;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/**
 * The best rates of the devices, from which the floor of each part is computed.
 *
 * @param copyBytesPerSecond rate of a large copy, counting both the bytes read and the bytes written
 * @param matmulFlopsPerSecond rate of a large square product
 * @param linkBytesPerSecond bytes that leave a device for another while all devices do the same; 0 if there is only one device
 */
record MachineRates(double copyBytesPerSecond, double matmulFlopsPerSecond, double linkBytesPerSecond) {
    /** Measures all devices at the same time, and takes the best of {@code runs}. */
    static List<MachineRates> ofEach(List<Device> devices, DType dtype, int runs) {
        return BenchRanks.run(devices, BenchSetup.SMALL_STACK, rank -> measure(rank, dtype, runs));
    }

    /** The rates of several devices together. */
    static MachineRates together(List<MachineRates> each) {
        return new MachineRates(each.stream().mapToDouble(MachineRates::copyBytesPerSecond).sum(),
                each.stream().mapToDouble(MachineRates::matmulFlopsPerSecond).sum(),
                each.stream().mapToDouble(MachineRates::linkBytesPerSecond).sum());
    }

    /** The rates of one device, measured by its one rank. */
    private static MachineRates measure(RankContext rank, DType dtype, int runs) {
        Device device = rank.device();
        Stream stream = rank.stream();
        boolean cpu = device.kind().equals(DeviceKind.CPU);
        long copied = cpu ? 256L << 20 : 1L << 30;
        long n = cpu ? 1024 : 8192;
        try (Memory memory = device.allocate(Math.max(2 * copied, 3 * n * n * dtype.bytes()), "benchmark")) {
            Tensor a = Tensor.of(memory, 0, dtype, n, n);
            Tensor b = Tensor.of(memory, a.bytes(), dtype, n, n);
            Tensor c = Tensor.of(memory, 2 * a.bytes(), dtype, n, n);
            BenchValues.random(stream, a, 1);
            BenchValues.random(stream, b, 2);
            double product = best(stream, runs, () -> device.ops().matmul().matmul(stream, Matmul.of(a, b, c)));
            Tensor from = Tensor.of(memory, 0, DType.I32, copied / Integer.BYTES);
            Tensor to = Tensor.of(memory, copied, DType.I32, copied / Integer.BYTES);
            // Memory that was never written may be a single page of zeros, which would be read from the cache.
            stream.fill(from, 1);
            stream.fill(to, 2);
            double copy = best(stream, runs, () -> stream.copy(from, to));
            return new MachineRates(2.0 * copied / copy, 2.0 * n * n * n / product, LinkRate.measure(rank, runs));
        }
    }

    private static double best(Stream stream, int runs, Runnable work) {
        double best = Double.POSITIVE_INFINITY;
        for (int run = 0; run < runs; run++) {
            Event start = stream.record();
            work.run();
            Event end = stream.record();
            best = Math.min(best, end.secondsSince(start));
        }
        return best;
    }
}
