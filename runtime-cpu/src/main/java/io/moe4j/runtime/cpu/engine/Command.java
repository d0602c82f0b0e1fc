package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import java.util.List;

/**
 * One piece of work on a stream. A captured command runs once for each replay.
 *
 * @param name for error messages
 * @param work what the command does
 * @param touched memory that it reads or writes
 */
@Stability(Stability.Level.INTERNAL)
public record Command(String name, Runnable work, List<Memory> touched) {

    public Command {
        touched = List.copyOf(touched);
    }

    /** Throws if memory that the command touches was freed. */
    void check(String stream) {
        for (Memory memory : touched) {
            if (!memory.isLive()) {
                throw new DeviceException(name + " on stream " + stream + " uses memory \"" + memory.purpose()
                        + "\" (" + memory.bytes() + " bytes), which was freed; close memory after its last use");
            }
        }
    }
}
