package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.ThisProcess;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The driver of one rank, as if in a separate process. It records its calls in order, and can be made to fail. */
final class FakeDriver implements PeerDriver {
    private static final byte[] NO_HANDLE = {};

    private final int rank;
    private final boolean ownProcess;
    private final List<String> events;
    private String failing = "";

    /** @param events the list of calls, shared by the ranks; it must be synchronized */
    FakeDriver(int rank, boolean ownProcess, List<String> events) {
        this.rank = rank;
        this.ownProcess = ownProcess;
        this.events = events;
    }

    /** From now on, calls of this kind fail: {@code allocate}, {@code offer}, {@code open} or {@code unmap}. */
    FakeDriver failing(String call) {
        failing = call;
        return this;
    }

    @Override
    public Memory allocate(long bytes, String purpose) {
        failIf("allocate");
        events.add("allocate " + rank);
        return Memory.of(256, bytes, purpose, freed -> events.add("free " + rank));
    }

    @Override
    public PeerHandle offer(Memory memory) {
        failIf("offer");
        byte[] process = ownProcess
                ? ByteBuffer.allocate(ThisProcess.BYTES).putLong(-1 - rank).array()
                : ThisProcess.identity();
        return new PeerHandle(process, rank, memory.address(), memory.bytes(), NO_HANDLE);
    }

    @Override
    public Memory open(PeerHandle offer, String purpose) {
        failIf("open");
        String which = offer.ordinal() + " on " + rank;
        events.add("map " + which);
        return Memory.of(256, offer.bytes(), purpose, closed -> {
            events.add("unmap " + which);
            failIf("unmap");
        });
    }

    private void failIf(String call) {
        if (failing.equals(call)) {
            throw new DeviceException("cannot " + call + " on rank " + rank + "; do this");
        }
    }

    /** Leftovers according to {@code events}: memory allocated and not freed, or mapped and not unmapped. */
    static List<String> left(List<String> events) {
        List<String> left = new ArrayList<>(events);
        for (String event : events) {
            if (event.startsWith("free ")) {
                left.remove(event);
                left.remove(event.replace("free", "allocate"));
            } else if (event.startsWith("unmap ")) {
                left.remove(event);
                left.remove(event.replace("unmap", "map"));
            }
        }
        return left;
    }
}
