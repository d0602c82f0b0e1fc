package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Moves shards between host and device in blocks, converting between single precision and the shard's type. Values are requested on all cores,
 * because the initial values of 16 billion parameters take longer to compute than to move.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ShardTransfer {
    private static final int BLOCK = 1 << 22;
    /** Number of values that one core is asked for at a time. */
    private static final int SLICE = 1 << 14;

    private ShardTransfer() {}

    /** Supplies values of a parameter. Called from several threads at once, each with its own array. */
    @FunctionalInterface
    public interface Source {
        /** Fills {@code into[0..count)} with elements {@code from} and following of the part of {@code parameter} that this rank has. */
        void read(Parameter parameter, long from, float[] into, int count);
    }

    /** Takes values of a parameter. */
    @FunctionalInterface
    public interface Sink {
        /** Takes {@code values[0..count)}: elements {@code from} and following of the part of {@code parameter} that this rank has. */
        void accept(Parameter parameter, long from, float[] values, int count);
    }

    static void upload(Stream stream, Tensor shard, FlatLayout.Piece piece, Source source) {
        int block = (int) Math.min(BLOCK, piece.count());
        int bytes = shard.dtype().bytes();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate((long) block * bytes, 16);
            for (long done = 0; done < piece.count(); done += block) {
                int count = (int) Math.min(block, piece.count() - done);
                long first = piece.fromInParameter() + done;
                IntStream.range(0, Math.ceilDiv(count, SLICE)).parallel().forEach(slice -> {
                    int from = slice * SLICE;
                    float[] values = new float[Math.min(SLICE, count - from)];
                    source.read(piece.parameter(), first + from, values, values.length);
                    encode(values, values.length, shard.dtype(), host.asSlice((long) from * bytes));
                });
                stream.upload(host.asSlice(0, (long) count * bytes), block(shard, piece, done, count));
            }
        }
    }

    static void download(Stream stream, Tensor shard, FlatLayout.Piece piece, Sink sink) {
        float[] values = new float[(int) Math.min(BLOCK, piece.count())];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate((long) values.length * shard.dtype().bytes(), 16);
            for (long done = 0; done < piece.count(); done += values.length) {
                int count = (int) Math.min(values.length, piece.count() - done);
                stream.download(block(shard, piece, done, count),
                        host.asSlice(0, (long) count * shard.dtype().bytes()));
                decode(host, count, shard.dtype(), values);
                sink.accept(piece.parameter(), piece.fromInParameter() + done, values, count);
            }
        }
    }

    private static Tensor block(Tensor shard, FlatLayout.Piece piece, long done, int count) {
        return shard.slice(0, piece.fromInShard() + done, piece.fromInShard() + done + count);
    }

    private static void encode(float[] values, int count, DType dtype, MemorySegment host) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(values, 0, host, ValueLayout.JAVA_FLOAT, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    host.setAtIndex(ValueLayout.JAVA_SHORT, i, BFloat16.round(values[i]));
                }
            }
            case I32, I64, F8_E4M3 -> throw notAParameter(dtype);
        }
    }

    private static void decode(MemorySegment host, int count, DType dtype, float[] values) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(host, ValueLayout.JAVA_FLOAT, 0, values, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = BFloat16.widen(host.getAtIndex(ValueLayout.JAVA_SHORT, i));
                }
            }
            case I32, I64, F8_E4M3 -> throw notAParameter(dtype);
        }
    }

    private static IllegalArgumentException notAParameter(DType dtype) {
        return new IllegalArgumentException(
                "a shard of " + dtype + " elements: parameters, gradients and moments are floating-point numbers");
    }
}
