package io.moe4j.runtime.cpu.ops;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.concurrent.atomic.LongAdder;

final class CpuElementwiseOps implements ElementwiseOps {
    private final Commands commands;
    private final TileScratch scratch;

    CpuElementwiseOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void copy(Stream stream, Tensor source, Tensor destination) {
        StridedCopy copy = StridedCopy.of(source, destination);
        commands.submit(stream, "copy",
                () -> Blocks.overRows(commands, copy.rows(), copy.columns(), copy::run), source, destination);
    }

    @Override
    public void add(Stream stream, Tensor a, Tensor b, Tensor out) {
        if (a.dtype() != b.dtype() || a.dtype() != out.dtype()) {
            throw new IllegalArgumentException(a + " + " + b + " into " + out + ": types must be equal");
        }
        Rows left = flat(a, a);
        Rows right = flat(a, b);
        Rows sum = flat(a, out);
        commands.submit(stream, "add", () -> Blocks.overElements(commands, sum.columns(), (block, from, to) -> {
            try (TileScratch.Lease lease = scratch.take(3 * Blocks.ELEMENTS)) {
                long n = to - from;
                long x = left.readPart(0, from, n, lease.floats(n));
                long y = right.readPart(0, from, n, lease.floats(n));
                long result = lease.floats(n);
                Flat.add(x, y, sum.placePart(0, from, result), n);
                sum.writePart(0, from, n, result);
            }
        }), a, b, out);
    }

    @Override
    public void accumulate(Stream stream, Tensor x, float factor, Tensor accumulator) {
        Rows term = flat(x, x);
        Rows sum = flat(x, accumulator);
        commands.submit(stream, "accumulate", () -> Blocks.overElements(commands, sum.columns(), (block, from, to) -> {
            try (TileScratch.Lease lease = scratch.take(2 * Blocks.ELEMENTS)) {
                long n = to - from;
                long result = lease.floats(n);
                Flat.addScaled(term.readPart(0, from, n, lease.floats(n)), factor,
                        sum.readPart(0, from, n, result), n);
                sum.writePart(0, from, n, result);
            }
        }), x, accumulator);
    }

    @Override
    public void digest(Stream stream, Tensor x, Tensor digest) {
        if (!x.isContiguous() || digest.dtype() != DType.I64 || digest.elements() != 1) {
            throw new IllegalArgumentException("digest of " + x + " into " + digest
                    + ": the first is contiguous, the second one I64 element");
        }
        commands.submit(stream, "digest", () -> {
            LongAdder sum = new LongAdder();
            // The elements here are words of 8 bytes.
            Blocks.overElements(commands, Math.ceilDiv(x.bytes(), (long) Long.BYTES),
                    (block, from, to) -> sum.add(Digest.ofWords(x.address(), x.bytes(), from, to)));
            Addresses.ALL.set(JAVA_LONG_UNALIGNED, digest.address(),
                    Addresses.ALL.get(JAVA_LONG_UNALIGNED, digest.address()) + sum.sum());
        }, x, digest);
    }

    @Override
    public void sumMiddle(Stream stream, Tensor source_THR, Tensor destination_TR, boolean accumulate) {
        long heads = source_THR.dim(1);
        long n = source_THR.dim(2);
        OperandChecks.shape("destination", destination_TR, source_THR.dim(0), n);
        Heads source = Heads.of(source_THR);
        Rows destination = Rows.of(destination_TR);
        commands.submit(stream, "sumMiddle",
                () -> Blocks.overRows(commands, destination.count(), heads * n, (from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(3 * n + 64)) {
                        long in = lease.floats(n);
                        long sum = lease.floats(n);
                        long old = lease.floats(n);
                        for (long t = from; t < to; t++) {
                            if (accumulate) {
                                Flat.copy(destination.read(t, old), sum, n);
                            } else {
                                Flat.fill(0, sum, n);
                            }
                            for (long h = 0; h < heads; h++) {
                                Flat.addScaled(source.read(t, h, in), 1, sum, n);
                            }
                            if (!destination.narrow()) {
                                Flat.copy(sum, destination.addressOf(t, 0), n);
                            }
                            destination.write(t, sum);
                        }
                    }
                }), source_THR, destination_TR);
    }

    private static Rows flat(Tensor first, Tensor tensor) {
        if (!tensor.shape().equals(first.shape())) {
            throw new IllegalArgumentException(tensor + " with " + first + ": shapes must be equal");
        }
        return Rows.flat(tensor);
    }
}
