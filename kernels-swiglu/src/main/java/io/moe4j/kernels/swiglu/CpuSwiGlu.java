package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * SwiGLU on the CPU. Row r of a tensor starts at {@code address + r · stride}; only rows below the last offset are visited, each by one core. So the
 * cost depends on the active rows only, and results do not depend on the number of cores.
 *
 * <p>Example, one element: gate 1, up 2, weight 0.5: σ(1) = 0.731059, h = 0.5 · 0.731059 · 2 = 0.731059. With dh = 1:
 * dup = 0.5 · 0.731059 = 0.365529, dgate = 0.5 · 2 · 0.731059 · (1 + 1 · 0.268941) = 0.927671, dweight = 0.731059 · 2 = 1.462117.
 */
final class CpuSwiGlu {
    /** A core takes at least this many elements: less work is not worth handing over. */
    private static final long GRAIN = 16384;
    private static final int LANES = ScalarBf16.FLOATS.length();

    private CpuSwiGlu() {}

    /** Computes h. Arguments, those with a question mark optional: (gate, stride, up, stride, weights?, offsets, experts, F, capacity, h, stride). */
    static void forward(CpuLaunch launch, DType dtype) {
        int features = launch.int32(7);
        long rows = PanelProduct.offset(launch, launch.pointer(5), launch.int32(6) - 1, launch.int64(8));
        long weights = launch.pointer(4);
        Matrix gate = new Matrix(launch.pointer(0), launch.int64(1), dtype);
        Matrix up = new Matrix(launch.pointer(2), launch.int64(3), dtype);
        Matrix h = new Matrix(launch.pointer(9), launch.int64(10), dtype);
        MemorySegment memory = launch.memory();
        launch.parallelFor(rows, grain(features), (from, to) -> {
            for (long r = from; r < to; r++) {
                forwardRow(memory, RowElements.of(dtype), features, gate.at(r, 0).address(), up.at(r, 0).address(),
                        weight(memory, weights, r), h.at(r, 0).address());
            }
        });
    }

    private static void forwardRow(MemorySegment memory, RowElements elements, int features, long gate, long up,
            float weight,
            long h) {
        int f = 0;
        for (; f <= features - LANES; f += LANES) {
            long byteOffset = (long) f * elements.bytes();
            FloatVector g = elements.load(memory, gate + byteOffset);
            FloatVector silu = g.mul(Sigmoid.of(g));
            elements.store(memory, h + byteOffset, silu.mul(elements.load(memory, up + byteOffset)).mul(weight));
        }
        for (; f < features; f++) {
            long byteOffset = (long) f * elements.bytes();
            float g = elements.load1(memory, gate + byteOffset);
            float silu = g * Sigmoid.of(g);
            elements.store1(memory, h + byteOffset, silu * elements.load1(memory, up + byteOffset) * weight);
        }
    }

    /**
     * Computes the gradients. Arguments, those with a question mark optional: (gate, stride, up, stride, dh, stride, weights?, offsets, experts, F,
     * capacity, dgate, stride, dup, stride, dweights?).
     */
    static void backward(CpuLaunch launch, DType dtype) {
        int features = launch.int32(9);
        long rows = PanelProduct.offset(launch, launch.pointer(7), launch.int32(8) - 1, launch.int64(10));
        long weights = launch.pointer(6);
        long dweights = launch.pointer(15);
        Matrix gate = new Matrix(launch.pointer(0), launch.int64(1), dtype);
        Matrix up = new Matrix(launch.pointer(2), launch.int64(3), dtype);
        Matrix dh = new Matrix(launch.pointer(4), launch.int64(5), dtype);
        Matrix dgate = new Matrix(launch.pointer(11), launch.int64(12), dtype);
        Matrix dup = new Matrix(launch.pointer(13), launch.int64(14), dtype);
        MemorySegment memory = launch.memory();
        launch.parallelFor(rows, grain(features), (from, to) -> {
            float[] sigmoids = new float[features];
            for (long r = from; r < to; r++) {
                sigmoids(memory, RowElements.of(dtype), gate.at(r, 0).address(), sigmoids);
                float dweight = backwardRow(memory, RowElements.of(dtype), sigmoids, gate.at(r, 0).address(),
                        up.at(r, 0).address(), dh.at(r, 0).address(), weight(memory, weights, r),
                        dgate.at(r, 0).address(), dup.at(r, 0).address());
                if (dweights != 0) {
                    memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, dweights + r * Float.BYTES, dweight);
                }
            }
        });
    }

    /** Computes σ of the gates of one row. This is a separate pass because the compiler stops inlining in a larger loop, which is several times slower. */
    private static void sigmoids(MemorySegment memory, RowElements elements, long gate, float[] sigmoids) {
        int f = 0;
        for (; f <= sigmoids.length - LANES; f += LANES) {
            Sigmoid.of(elements.load(memory, gate + (long) f * elements.bytes())).intoArray(sigmoids, f);
        }
        for (; f < sigmoids.length; f++) {
            sigmoids[f] = Sigmoid.of(elements.load1(memory, gate + (long) f * elements.bytes()));
        }
    }

    /** Computes the gradients of one row. Each element is read before it is written, so the gradients may overwrite gate and up. */
    private static float backwardRow(MemorySegment memory, RowElements elements, float[] sigmoids, long gate, long up,
            long dh, float weight, long dgate, long dup) {
        int features = sigmoids.length;
        FloatVector sums = FloatVector.zero(ScalarBf16.FLOATS);
        FloatVector one = FloatVector.broadcast(ScalarBf16.FLOATS, 1);
        int f = 0;
        for (; f <= features - LANES; f += LANES) {
            long byteOffset = (long) f * elements.bytes();
            FloatVector g = elements.load(memory, gate + byteOffset);
            FloatVector u = elements.load(memory, up + byteOffset);
            FloatVector d = elements.load(memory, dh + byteOffset);
            FloatVector s = FloatVector.fromArray(ScalarBf16.FLOATS, sigmoids, f);
            FloatVector silu = g.mul(s);
            sums = d.mul(silu).fma(u, sums);
            FloatVector scaled = d.mul(weight);
            FloatVector slope = s.mul(g.fma(one.sub(s), one));
            elements.store(memory, dgate + byteOffset, scaled.mul(u).mul(slope));
            elements.store(memory, dup + byteOffset, scaled.mul(silu));
        }
        float sum = 0;
        for (float lane : sums.toArray()) {
            sum += lane;
        }
        for (; f < features; f++) {
            long byteOffset = (long) f * elements.bytes();
            float g = elements.load1(memory, gate + byteOffset);
            float u = elements.load1(memory, up + byteOffset);
            float d = elements.load1(memory, dh + byteOffset);
            float s = sigmoids[f];
            float silu = g * s;
            sum = Math.fma(d * silu, u, sum);
            float scaled = d * weight;
            elements.store1(memory, dgate + byteOffset, scaled * u * (s * Math.fma(g, 1 - s, 1)));
            elements.store1(memory, dup + byteOffset, scaled * silu);
        }
        return sum;
    }

    private static float weight(MemorySegment memory, long weights, long row) {
        return weights == 0 ? 1 : memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, weights + row * Float.BYTES);
    }

    private static long grain(int features) {
        return Math.max(1, GRAIN / Math.max(1, features));
    }
}
