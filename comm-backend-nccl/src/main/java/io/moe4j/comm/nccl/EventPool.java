package io.moe4j.comm.nccl;

import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Events that are reused. The device's context must be current where they are recorded and queried. */
final class EventPool implements AutoCloseable {
    private final List<CUevent> all = new ArrayList<>();
    private final Deque<CUevent> spare = new ArrayDeque<>();
    private boolean closed;

    /** Returns a query that tells whether all work enqueued so far is done. Do not call the query again after it has returned true. */
    synchronized BooleanSupplier record(CudaStream stream) {
        CUevent event = spare.isEmpty() ? create() : spare.pop();
        Driver.check(JCudaDriver.cuEventRecord(event, stream.handle()), "cuEventRecord");
        return () -> isDone(event);
    }

    private CUevent create() {
        CUevent event = new CUevent();
        Driver.check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
        all.add(event);
        return event;
    }

    private synchronized boolean isDone(CUevent event) {
        if (closed) {
            return true;
        }
        boolean done = JCudaDriver.cuEventQuery(event) == CUresult.CUDA_SUCCESS;
        if (done) {
            spare.push(event);
        }
        return done;
    }

    @Override
    public synchronized void close() {
        closed = true;
        all.forEach(JCudaDriver::cuEventDestroy);
        all.clear();
        spare.clear();
    }
}
