package io.moe4j.api.comm.support;

import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The launch of a kernel on one core; a loop runs one index at a time. */
record Arguments(MemorySegment memory, Number... values) implements CpuLaunch {

    @Override
    public long pointer(int index) {
        return values[index].longValue();
    }

    @Override
    public long peer(int index, int peer) {
        throw new AssertionError("there are no peers");
    }

    @Override
    public int int32(int index) {
        return (Integer) values[index];
    }

    @Override
    public long int64(int index) {
        return (Long) values[index];
    }

    @Override
    public float float32(int index) {
        return (Float) values[index];
    }

    @Override
    public void parallelFor(long count, long grain, RangeBody body) {
        for (long i = 0; i < count; i++) {
            body.run(i, i + 1);
        }
    }

    @Override
    public void sgemm(Sgemm gemm) {
        throw new AssertionError("nothing is multiplied");
    }

    @Override
    public void await(BooleanSupplier condition, Supplier<String> expectation) {
        throw new AssertionError("nobody waits");
    }
}
