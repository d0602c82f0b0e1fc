package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import java.util.List;

/**
 * Work of a stream. It may run any number of times.
 *
 * @param name for error messages
 * @param work what to do
 * @param touched memory that it reads or writes
 */
@Stability(Stability.Level.INTERNAL)
public record Command(String name, Runnable work, List<Memory> touched) {

    public Command {
        touched = List.copyOf(touched);
    }

    /** Throws if memory that it needs was freed. */
    void check(String stream) {
        for (Memory memory : touched) {
            if (!memory.isLive()) {
                throw new DeviceException(name + " on stream " + stream + " uses memory \"" + memory.purpose()
                        + "\" (" + memory.bytes() + " bytes), which was freed; close memory after its last use");
            }
        }
    }
}
