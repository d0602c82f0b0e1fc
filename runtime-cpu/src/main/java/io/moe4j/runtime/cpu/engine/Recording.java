package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one capture, from all streams that take part, in the order of submission. One thread submits them, so this order satisfies all
 * events.
 */
@Stability(Stability.Level.INTERNAL)
public final class Recording {
    private final CpuStream origin;
    private final List<Command> commands = new ArrayList<>();
    private final Set<CpuStream> members = new LinkedHashSet<>();
    private final Set<CpuStream> ahead = new LinkedHashSet<>();
    /** While the body of a loop is recorded: its commands. */
    private @Nullable Body body;
    private boolean ended;

    /** The commands of one pass of a loop, all on one stream. */
    private record Body(CpuStream stream, List<Command> commands) {}

    Recording(CpuStream origin) {
        this.origin = origin;
        members.add(origin);
    }

    void add(CpuStream stream, Command command) {
        Body loop = body;
        if (loop != null) {
            if (stream != loop.stream) {
                throw refused(command.name() + " on stream " + stream.name());
            }
            loop.commands.add(command);
            return;
        }
        commands.add(command);
        if (stream != origin) {
            ahead.add(stream);
        }
    }

    /** Records separately, and returns, the commands that {@code work} submits to {@code stream}: one pass of a loop. */
    List<Command> bodyOfLoop(CpuStream stream, Runnable work) {
        refuseInLoop("another loop");
        Body own = new Body(stream, new ArrayList<>());
        body = own;
        try {
            work.run();
        } finally {
            body = null;
        }
        return List.copyOf(own.commands);
    }

    void refuseInLoop(String what) {
        if (body != null) {
            throw refused(what);
        }
    }

    private DeviceException refused(String what) {
        return new DeviceException(what + " in the body of a loop of a capture of stream " + origin.name()
                + ": a body uses the loop's stream only, without events and without further loops; do this before or after"
                + " the loop");
    }

    /** Orders {@code follower} after everything that {@code leader} has submitted so far. */
    void order(CpuStream leader, CpuStream follower) {
        refuseInLoop("an event is awaited");
        if (ended) {
            throw new DeviceException("stream " + follower.name() + " waits for an event of a capture that has ended");
        }
        members.add(follower);
        ahead.remove(leader);
        if (follower != origin) {
            ahead.add(follower);
        }
    }

    /** Ends the capture, complete or not; the streams are usable again. */
    public void abandon() {
        ended = true;
        members.forEach(CpuStream::endCapture);
    }

    /** Ends the capture, and returns its commands. */
    public List<Command> end() {
        abandon();
        if (!ahead.isEmpty()) {
            throw new DeviceException("work was left on " + ahead.stream().map(CpuStream::name).toList()
                    + ", which joined the capture of stream " + origin.name()
                    + "; record an event there, and let the captured stream await it before the capture ends");
        }
        return List.copyOf(commands);
    }
}
