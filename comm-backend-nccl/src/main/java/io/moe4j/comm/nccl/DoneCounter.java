package io.moe4j.comm.nccl;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cuda.ContextTurns;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * A word of host memory in which the device counts finished calls of replayed graphs. It is needed because a graph has no events that the host could
 * query.
 */
final class DoneCounter implements AutoCloseable {
    private static final int HOST_ALLOC_PORTABLE_AND_MAPPED = 3;

    private final ContextTurns turns;
    private final Pointer host = new Pointer();
    private final ByteBuffer word;
    private final Launch count;
    private boolean closed;

    /** Allocates the word. The device's context must be current. */
    DoneCounter(CudaDevice device) {
        turns = device.turns();
        Driver.check(turns.call(() -> JCudaDriver.cuMemHostAlloc(host, Long.BYTES, HOST_ALLOC_PORTABLE_AND_MAPPED)),
                "cuMemHostAlloc of " + Long.BYTES + " bytes");
        word = host.getByteBuffer(0, Long.BYTES).order(ByteOrder.nativeOrder());
        word.putLong(0, 0);
        AddressablePointer mapped = new AddressablePointer();
        Driver.check(JCudaDriver.cuMemHostGetDevicePointer(mapped, host, 0), "cuMemHostGetDevicePointer");
        count = Launch.of(device.kernels().kernel("count_done"), KernelArg.of(mapped.address()));
    }

    /** Enqueues a kernel that counts one more finished call. */
    void count(Stream stream) {
        stream.launch(count);
    }

    /** How many calls are done. */
    synchronized long done() {
        return closed ? Long.MAX_VALUE : word.getLong(0);
    }

    /** Close all graphs that count here first. Concurrent calls of {@link #done} do not block. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        Driver.check(turns.call(() -> JCudaDriver.cuMemFreeHost(host)), "cuMemFreeHost");
    }
}
