package io.moe4j.runtime.cpu;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cpu.engine.Command;
import io.moe4j.runtime.cpu.engine.CpuStream;
import java.util.IdentityHashMap;
import java.util.List;

/** Recorded commands that can be replayed. */
final class CpuCapturedGraph implements CapturedGraph {
    private final long size;
    private List<Command> commands;
    private final IdentityHashMap<Memory, String> users = new IdentityHashMap<>();
    private boolean closed;

    CpuCapturedGraph(List<Command> commands) {
        this.commands = commands;
        this.size = commands.size();
        for (Command command : commands) {
            command.touched().forEach(memory -> users.putIfAbsent(memory, command.name()));
        }
    }

    @Override
    public void replay(Stream stream) {
        if (closed) {
            throw new CaptureException(
                    "a graph of " + size + " commands is replayed after it was closed; capture it again");
        }
        users.forEach((memory, user) -> {
            if (!memory.isLive()) {
                throw new CaptureException("the captured graph uses memory \"" + memory.purpose() + "\" ("
                        + memory.bytes() + " bytes at address " + memory.address() + ", first in " + user
                        + "), which was freed since; capture again after memory has changed");
            }
        });
        CpuStream own = (CpuStream) stream;
        commands.forEach(own::submit);
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void close() {
        closed = true;
        commands = List.of();
        users.clear();
    }
}
