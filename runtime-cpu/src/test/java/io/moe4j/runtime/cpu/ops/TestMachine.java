package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.RangeBody;
import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Blas;
import io.moe4j.runtime.cpu.engine.Commands;
import io.moe4j.runtime.cpu.engine.WorkPool;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas;

/** Runs what operations submit at once, on a given number of threads, and makes tensors. */
final class TestMachine implements Commands, AutoCloseable {
    static final Stream STREAM = null;

    private final ExecutorService threads;
    private final int count;
    private final Arena arena = Arena.ofShared();
    final CpuOps ops = new CpuOps(this);

    TestMachine(int count) {
        this.count = count;
        this.threads = Executors.newFixedThreadPool(count);
        openblas.blas_set_num_threads(1);
    }

    @Override
    public void submit(Stream stream, String name, Runnable work, Tensor... touched) {
        work.run();
    }

    @Override
    public WorkPool pool() {
        return this::parallelFor;
    }

    private void parallelFor(long total, long grain, RangeBody body) {
        if (count == 1 || total <= grain) {
            if (total > 0) {
                body.run(0, total);
            }
            return;
        }
        AtomicLong next = new AtomicLong();
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            running.add(threads.submit(() -> {
                for (long from = next.getAndAdd(grain); from < total; from = next.getAndAdd(grain)) {
                    body.run(from, Math.min(total, from + grain));
                }
            }));
        }
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public Blas blas() {
        return TestMachine::sgemm;
    }

    private static void sgemm(Sgemm g) {
        openblas.cblas_sgemm(openblas.CblasRowMajor, g.transposeA() ? openblas.CblasTrans : openblas.CblasNoTrans,
                g.transposeB() ? openblas.CblasTrans : openblas.CblasNoTrans, g.m(), g.n(), g.k(), g.alpha(),
                at(g.a()), g.lda(), at(g.b()), g.ldb(), g.beta(), at(g.c()), g.ldc());
    }

    private static FloatPointer at(long where) {
        return new FloatPointer(new Pointer() {
            {
                address = where;
            }
        });
    }

    Tensor tensor(DType type, long... shape) {
        long bytes = Tensor.bytes(type, shape) + 64;
        var segment = arena.allocate(bytes, 256);
        return Tensor.of(Memory.borrowed(segment.address(), bytes, "test"), 0, type, shape);
    }

    /** A dense tensor with the given values. */
    Tensor floats(DType type, double[] values, long... shape) {
        Tensor tensor = tensor(type, shape);
        write(tensor, values);
        return tensor;
    }

    Tensor ints(int[] values, long... shape) {
        Tensor tensor = tensor(DType.I32, shape);
        for (int i = 0; i < values.length; i++) {
            Lanes.setInt(tensor.address(), i, values[i]);
        }
        return tensor;
    }

    /** Writes row-major values into a tensor of any strides. */
    static void write(Tensor tensor, double[] values) {
        for (int i = 0; i < values.length; i++) {
            long at = offset(tensor, i);
            if (tensor.dtype() == DType.BF16) {
                Lanes.setShort(tensor.address(), at, BFloat16.round((float) values[i]));
            } else {
                Lanes.set(tensor.address(), at, (float) values[i]);
            }
        }
    }

    /** The values, row-major. */
    static double[] read(Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            long at = offset(tensor, i);
            values[i] = switch (tensor.dtype()) {
                case BF16 -> BFloat16.widen(Lanes.getShort(tensor.address(), at));
                case F32 -> Lanes.get(tensor.address(), at);
                default -> Lanes.getInt(tensor.address(), at);
            };
        }
        return values;
    }

    private static long offset(Tensor tensor, long index) {
        long rest = index;
        long at = 0;
        for (int d = tensor.rank() - 1; d >= 0; d--) {
            at += rest % tensor.dim(d) * tensor.stride(d);
            rest /= tensor.dim(d);
        }
        return at;
    }

    @Override
    public void close() {
        threads.shutdown();
        arena.close();
    }
}
