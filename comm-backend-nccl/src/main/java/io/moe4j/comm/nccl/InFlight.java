package io.moe4j.comm.nccl;

import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.driver.Driver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * What the device has yet to do, in order, each with an event behind it. NCCL's kernels wait for the other ranks without a time limit; so the oldest
 * one is looked at now and then. Work of a captured graph is not seen here: a rank that hangs in a replay is found when its process ends.
 */
final class InFlight implements AutoCloseable {
    private final Duration limit;
    private final Deque<Entry> entries = new ArrayDeque<>();
    private final Deque<CUevent> spare = new ArrayDeque<>();
    private boolean closed;

    private record Entry(CUevent event, String what, long deadline) {}

    InFlight(Duration limit) {
        this.limit = limit;
    }

    /** What was just enqueued. The device's context is current. */
    synchronized void add(Stream stream, String what) {
        if (closed || stream.isCapturing()) {
            return;
        }
        removeDone();
        CUevent event = spare.isEmpty() ? newEvent() : spare.pop();
        Driver.check(JCudaDriver.cuEventRecord(event, ((CudaStream) stream).handle()), "cuEventRecord");
        entries.add(new Entry(event, what, System.nanoTime() + limit.toNanos()));
    }

    /** The oldest work, if it is past its time limit. */
    synchronized Optional<String> overdue() {
        removeDone();
        return Optional.ofNullable(entries.peek()).filter(entry -> System.nanoTime() > entry.deadline)
                .map(Entry::what);
    }

    private void removeDone() {
        boolean found = false;
        while (!entries.isEmpty() && JCudaDriver.cuEventQuery(entries.peek().event) == CUresult.CUDA_SUCCESS) {
            spare.push(entries.remove().event);
            found = true;
        }
        // The next one had to wait for those before it: its time begins now.
        if (found && !entries.isEmpty()) {
            Entry next = entries.pop();
            entries.push(new Entry(next.event, next.what, System.nanoTime() + limit.toNanos()));
        }
    }

    private static CUevent newEvent() {
        CUevent event = new CUevent();
        Driver.check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
        return event;
    }

    @Override
    public synchronized void close() {
        closed = true;
        entries.forEach(entry -> JCudaDriver.cuEventDestroy(entry.event));
        spare.forEach(JCudaDriver::cuEventDestroy);
        entries.clear();
        spare.clear();
    }
}
