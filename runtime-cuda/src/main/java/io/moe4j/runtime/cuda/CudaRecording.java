package io.moe4j.runtime.cuda;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One capture, and the streams that take part in it: the captured stream, and streams that have waited for an event of the capture. The driver records the
 * work of all of them into one graph, in which each stream is a branch.
 */
public final class CudaRecording {
    private final Map<Object, ReplayPart> parts = new LinkedHashMap<>();
    private final Set<Memory> memory = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<CudaStream> members = new LinkedHashSet<>();
    private boolean ended;

    CudaRecording() {}

    void join(CudaStream stream) {
        if (ended) {
            throw new DeviceException("stream " + stream.name()
                    + " waits for an event of a capture that has ended; record events that it may wait for outside of captures");
        }
        members.add(stream);
    }

    void uses(Memory used) {
        memory.add(used);
    }

    <P extends ReplayPart> P part(Object owner, Class<P> type, Supplier<P> part) {
        return type.cast(parts.computeIfAbsent(owner, o -> part.get()));
    }

    /** Ends the capture: its streams do not record any more. */
    public void end() {
        ended = true;
        members.forEach(CudaStream::leaveCapture);
    }

    /** Whether other streams than the captured one take part. */
    public boolean hasBranches() {
        return members.size() > 1;
    }

    /** The parts that are called at each replay, in the order in which they were added, which is the same on all ranks. */
    public List<ReplayPart> parts() {
        return new ArrayList<>(parts.values());
    }

    /** The memory that the recorded work uses. */
    public List<Memory> memory() {
        return List.copyOf(memory);
    }
}
