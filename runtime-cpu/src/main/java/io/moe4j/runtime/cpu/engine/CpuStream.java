package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stream of the CPU device. Its commands go to its queue or, during a capture, into a recording. */
@Stability(Stability.Level.INTERNAL)
public final class CpuStream implements Stream {
    private final Device device;
    private final CpuMachine machine;
    private final String name;
    private final CommandQueue queue;
    private @Nullable Recording recording;
    private long hostSyncs;
    private boolean closed;

    /** Opens a stream. On a strict device it has its own thread; otherwise commands run at once, on the thread that submits them. */
    public CpuStream(Device device, CpuMachine machine, String name) {
        this.device = device;
        this.machine = machine;
        this.name = name;
        this.queue = device.config().strict() ? new ThreadQueue(name, machine.pool()) : new InlineQueue(machine.pool());
    }

    /** Casts {@code stream} to a stream of {@code machine}; throws if it belongs to another device. */
    static CpuStream of(Stream stream, CpuMachine machine) {
        if (stream instanceof CpuStream own && own.machine == machine) {
            return own;
        }
        throw new DeviceException("stream " + stream.name() + " is not of this CPU device, but of "
                + stream.device().description() + "; use a stream that this device has opened");
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public String name() {
        return name;
    }

    /** Enqueues a command or, during a capture, records it. */
    public void submit(Command command) {
        check(command);
        if (recording == null) {
            queue.add(command);
        } else {
            recording.add(this, command);
        }
    }

    private void check(Command command) {
        if (closed) {
            throw new DeviceException(command.name() + " was submitted to stream " + name
                    + " after it was closed; close streams last");
        }
        command.check(name);
    }

    private void submit(String command, Runnable work, Tensor... touched) {
        submit(new Command(command, work, memoriesOf(touched)));
    }

    @Override
    public void launch(Launch launch) {
        submit(KernelLaunch.command(launch, machine, name));
    }

    @Override
    public void copy(Tensor source, Tensor destination) {
        if (source.dtype() != destination.dtype() || !source.shape().equals(destination.shape())
                || !source.isContiguous() || !destination.isContiguous()) {
            throw new DeviceException("copy of " + source + " to " + destination
                    + ": types and shapes must be equal and both contiguous; use elementwise().copy otherwise");
        }
        submit("copy", () -> Transfers.copy(machine.pool(), source.address(), destination.address(), source.bytes()),
                source, destination);
    }

    @Override
    public void fill(Tensor tensor, double value) {
        if (!tensor.isContiguous()) {
            throw new DeviceException("fill of " + tensor + ": it must be contiguous");
        }
        submit("fill", () -> Transfers.fill(machine.pool(), tensor, value), tensor);
    }

    @Override
    public void upload(MemorySegment source, Tensor destination) {
        refuseInCapture("upload to", destination);
        checkHostSize(source, destination, "upload");
        // The bytes are copied now, because the command may run later.
        MemorySegment taken = queue.isImmediate() ? source
                : Arena.ofAuto().allocate(Math.max(1, destination.bytes()), 16)
                        .copyFrom(source.asSlice(0, destination.bytes()));
        submit("upload", () -> MemorySegment.copy(taken, 0, Addresses.ALL, destination.address(), destination.bytes()),
                destination);
    }

    @Override
    public void download(Tensor source, MemorySegment destination) {
        refuseInCapture("download of", source);
        checkHostSize(destination, source, "download");
        hostSyncs++;
        Command read = new Command("download", () -> {
        }, memoriesOf(source));
        check(read);
        queue.drain();
        check(read);
        MemorySegment.copy(Addresses.ALL, source.address(), destination, 0, source.bytes());
    }

    @Override
    public void synchronize() {
        refuseInCapture("synchronize of", this);
        hostSyncs++;
        queue.drain();
    }

    /** In a capture, records one command that repeats its body; otherwise enqueues the largest possible number of passes. */
    @Override
    public void repeat(DeviceLoop loop, Runnable body) {
        if (recording == null || loop.mostPasses() == 0) {
            Stream.super.repeat(loop, body);
        } else {
            submit(LoopCommand.of(loop, recording.bodyOfLoop(this, body)));
        }
    }

    @Override
    public Event record() {
        if (recording != null) {
            recording.refuseInLoop("an event is recorded");
        }
        CpuEvent event = new CpuEvent(this, recording);
        if (recording == null) {
            queue.addMarker(event);
        }
        return event;
    }

    @Override
    public void await(Event event) {
        if (!(event instanceof CpuEvent other)) {
            throw new DeviceException(
                    "stream " + name + " of a CPU device waits for an event of another kind of device");
        }
        @Nullable Recording of = other.recording();
        if (of == null && recording == null) {
            queue.add(new Command("await of stream " + other.stream().name(), () -> await(other), List.of()));
        } else if (of == null || (recording != null && recording != of)) {
            throw new DeviceException("stream " + name + " is being captured and waits for an event of stream "
                    + other.stream().name() + " that is not of this capture; record the event inside the capture");
        } else {
            of.order(other.stream(), this);
            recording = of;
        }
    }

    /** Waits for the event. Meanwhile this thread is not busy, so that its core is free for other threads, above all for the awaited stream. */
    private void await(CpuEvent event) {
        machine.pool().leave();
        try {
            event.await();
        } finally {
            machine.pool().enter();
        }
    }

    @Override
    public boolean isCapturing() {
        return recording != null;
    }

    /** Begins a capture: from now on commands are recorded. */
    public Recording beginCapture() {
        if (recording != null) {
            throw new DeviceException("stream " + name + " is being captured already; end that capture first");
        }
        Recording begun = new Recording(this);
        recording = begun;
        return begun;
    }

    void endCapture() {
        recording = null;
    }

    @Override
    public long hostSyncs() {
        return hostSyncs;
    }

    private void refuseInCapture(String call, Object what) {
        if (recording != null) {
            throw new DeviceException(call + " " + what + " on stream " + name
                    + " makes the host wait or read, which a capture cannot record; do it outside the captured step,"
                    + " or set graph_capture.enable to false");
        }
    }

    private static void checkHostSize(MemorySegment host, Tensor tensor, String call) {
        if (!tensor.isContiguous() || host.byteSize() < tensor.bytes()) {
            throw new DeviceException(call + " between " + host.byteSize() + " host bytes and " + tensor + " of "
                    + tensor.bytes() + " bytes: the host must have as many, and the tensor be contiguous");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            queue.close();
        }
    }

    @Override
    public String toString() {
        return "stream " + name;
    }

    static List<Memory> memoriesOf(Tensor... tensors) {
        return List.of(tensors).stream().map(Tensor::memory).distinct().toList();
    }
}
