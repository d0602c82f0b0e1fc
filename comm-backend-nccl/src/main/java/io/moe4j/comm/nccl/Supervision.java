package io.moe4j.comm.nccl;

import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.List;
import java.util.Optional;

/** Checks that the device finishes in time what a communicator has enqueued on its streams, directly or in replayed graphs. */
final class Supervision implements AutoCloseable {
    private final InFlight inFlight;
    private final EventPool events = new EventPool();
    private final DoneCounter counter;
    /** Number of calls in all replays so far. */
    private long replayed;

    /** The device's context must be current, here and in all methods. */
    Supervision(CudaDevice device) {
        inFlight = new InFlight(device.config().timeout(), System::nanoTime);
        counter = new DoneCounter(device);
    }

    /** Records that a call was just enqueued or captured. */
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

    /** The call that has exceeded the time limit, if any. */
    Optional<String> overdue() {
        return inFlight.overdue();
    }

    @Override
    public void close() {
        events.close();
        counter.close();
    }
}
