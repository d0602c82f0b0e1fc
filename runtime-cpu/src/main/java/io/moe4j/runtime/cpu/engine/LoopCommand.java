package io.moe4j.runtime.cpu.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Memory;
import java.util.ArrayList;
import java.util.List;

/** A loop in a capture, as one command. Each replay reads how many passes it has. */
final class LoopCommand {

    private LoopCommand() {}

    /** @param body the commands of a pass */
    static Command of(DeviceLoop loop, List<Command> body) {
        List<Memory> touched = new ArrayList<>(CpuStream.memoriesOf(loop.pass_1(), loop.end_1()));
        body.forEach(command -> touched.addAll(command.touched()));
        return new Command("loop", () -> run(loop, body), touched.stream().distinct().toList());
    }

    private static void run(DeviceLoop loop, List<Command> body) {
        int end = Math.min(Addresses.ALL.get(JAVA_INT_UNALIGNED, loop.end_1().address()), loop.limit());
        for (int pass = loop.first(); pass < end; pass++) {
            Addresses.ALL.set(JAVA_INT_UNALIGNED, loop.pass_1().address(), pass);
            body.forEach(command -> command.work().run());
        }
    }
}
