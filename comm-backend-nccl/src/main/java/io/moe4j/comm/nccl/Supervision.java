package io.moe4j.comm.nccl;

import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.List;
import java.util.Optional;

/** Knows whether the device does in time what a communicator has put on its streams, by itself or in graphs that are replayed. */
final class Supervision implements AutoCloseable {
    private final InFlight inFlight;
    private final EventPool events = new EventPool();
    private final DoneCounter counter;
    /** Calls of replays so far. */
    private long replayed;

    /** The device's context is current, here and in all methods. */
    Supervision(CudaDevice device) {
        inFlight = new InFlight(device.config().timeout(), System::nanoTime);
        counter = new DoneCounter(device);
    }

    /** A call was just enqueued, or captured. */
    void enqueued(CudaStream stream, String name) {
        if (stream.isCapturing()) {
            stream.captured(this, CapturedCalls.class, () -> new CapturedCalls(this::replayed)).add(name);
            counter.count(stream);
        } else {
            inFlight.add(events.record(stream), new Work.Call(name));
        }
    }

    private void replayed(CudaStream stream, List<String> names) {
        inFlight.add(events.record(stream), new Work.Replay(names, counter::done, replayed));
        replayed += names.size();
    }

    /** The call that takes longer than the time limit. */
    Optional<String> overdue() {
        return inFlight.overdue();
    }

    @Override
    public void close() {
        events.close();
        counter.close();
    }
}
