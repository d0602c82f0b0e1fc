package io.moe4j.runtime.cuda;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.StreamHandle;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** A CUDA stream. */
public final class CudaStream implements Stream {
    /** Largest piece of a host copy, in bytes: a {@code ByteBuffer} cannot address much more. */
    private static final long COPY_PIECE = 1L << 30;

    private final CudaDevice device;
    private final String name;
    private final StreamHandle own = new StreamHandle();
    private final ArgumentBlock arguments;
    private final UploadRoom uploads;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final boolean urgent;
    /** Where calls enqueue: this stream, or a second one while the body of a loop is captured. */
    private StreamHandle handle = own;
    private Optional<StreamHandle> ofBodies = Optional.empty();
    private @Nullable CudaRecording recording;
    private long hostSyncs;
    private int leftMultiprocessors;

    /** @param urgent whether blocks of its kernels are scheduled before those of other streams when multiprocessors become free */
    CudaStream(CudaDevice device, String name, boolean urgent) {
        this.device = device;
        this.name = name;
        this.urgent = urgent;
        this.arguments = new ArgumentBlock(device.tensorMaps());
        this.uploads = new UploadRoom(device);
        create(own);
    }

    private void create(StreamHandle created) {
        device.context().makeCurrent();
        Driver.check(device.turns().call(() -> JCudaDriver.cuStreamCreateWithPriority(created,
                CUstream_flags.CU_STREAM_NON_BLOCKING, urgent ? greatestPriority() : 0)),
                "cuStreamCreateWithPriority");
    }

    private static int greatestPriority() {
        int[] greatest = new int[1];
        Driver.check(JCudaDriver.cuCtxGetStreamPriorityRange(new int[1], greatest), "cuCtxGetStreamPriorityRange");
        return greatest[0];
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public String name() {
        return name;
    }

    /**
     * The driver's handle of this stream, for graph capture and for libraries that keep it.
     *
     * @throws DeviceException in the body of a captured loop, which is captured with another handle
     */
    public StreamHandle handle() {
        refuseInLoop("a call that needs the stream itself, such as attention or a collective");
        return own;
    }

    /** The driver's handle for one call that enqueues work now; it may be another one for the next call. */
    public StreamHandle handleNow() {
        return handle;
    }

    /** The handle with which bodies of loops are captured; created at the first call. */
    StreamHandle handleOfBodies() {
        if (ofBodies.isEmpty()) {
            StreamHandle second = new StreamHandle();
            create(second);
            ofBodies = Optional.of(second);
        }
        return ofBodies.get();
    }

    /** Runs {@code work}; until it returns, calls of this stream enqueue to {@code second}. */
    void enqueueTo(StreamHandle second, Runnable work) {
        handle = second;
        try {
            work.run();
        } finally {
            handle = own;
        }
    }

    private void refuseInLoop(String what) {
        if (!handle.equals(own)) {
            throw new DeviceException(what + " in the body of a captured loop of stream " + name
                    + ": a body uses the loop's stream only, without events and without further loops; do this before or"
                    + " after the loop");
        }
    }

    /** In a capture, a node that repeats its body, if the driver has such nodes; otherwise the largest possible number of passes. */
    @Override
    public void repeat(DeviceLoop loop, Runnable body) {
        Optional<CapturedLoops> loops = device.loops();
        if (recording == null || loops.isEmpty() || loop.mostPasses() == 0) {
            Stream.super.repeat(loop, body);
        } else {
            refuseInLoop("another loop");
            device.context().makeCurrent();
            loops.get().record(this, loop, body);
        }
    }

    /** Records which tensors an operation uses, so that a captured graph knows its memory. For operations that do not go through {@link #launch}. */
    public void uses(Tensor... tensors) {
        if (recording != null) {
            for (Tensor tensor : tensors) {
                recording.uses(tensor.memory());
            }
        }
    }

    /**
     * Returns {@code owner}'s part in replays of the current capture; adds it if there is none yet.
     *
     * @throws IllegalStateException if no capture is under way
     */
    public <P extends ReplayPart> P captured(Object owner, Class<P> type, Supplier<P> part) {
        if (recording == null) {
            throw new IllegalStateException("stream " + name + " is not being captured; ask isCapturing() first");
        }
        return recording.part(owner, type, part);
    }

    /** Called by graph capture when the driver has begun to capture the stream; graph capture must end the returned recording. */
    public CudaRecording beginRecording() {
        CudaRecording begun = new CudaRecording();
        begun.join(this);
        recording = begun;
        return begun;
    }

    void leaveCapture() {
        recording = null;
    }

    @Override
    public void launch(Launch launch) {
        if (!(launch.kernel() instanceof CudaKernelModule.CudaKernel kernel) || kernel.device() != device) {
            throw new DeviceException("kernel " + launch.kernel().name() + " was not loaded by "
                    + device.description() + "; load it with the device of stream " + name);
        }
        kernel.check(launch.arguments());
        device.context().makeCurrent();
        if (recording != null) {
            launch.arguments().forEach(this::uses);
        }
        int result = JCudaDriver.cuLaunchKernel(kernel.function(launch.sharedBytes()), launch.gridX(), launch.gridY(),
                1,
                launch.blockThreads(), 1, 1, launch.sharedBytes(), handle, arguments.with(launch.arguments()), null);
        if (result != CUresult.CUDA_SUCCESS) {
            Driver.check(result, "launch of " + kernel.name() + " with grid " + launch.gridX() + "x" + launch.gridY()
                    + ", block " + launch.blockThreads() + ", shared bytes " + launch.sharedBytes());
        }
    }

    private void uses(KernelArg argument) {
        if (argument instanceof KernelArg.Pointer pointer) {
            uses(pointer.tensor());
        } else if (argument instanceof KernelArg.TensorMap map) {
            uses(map.tensor());
        }
    }

    @Override
    public void copy(Tensor source, Tensor destination) {
        uses(source, destination);
        if (source.dtype() != destination.dtype() || !source.shape().equals(destination.shape())
                || !source.isContiguous()
                || !destination.isContiguous()) {
            throw new DeviceException("copy of " + source + " to " + destination
                    + ": types and shapes must be equal and both contiguous; use elementwise().copy otherwise");
        }
        if (source.bytes() > 0) {
            device.context().makeCurrent();
            // The second of the two driver functions detects which of the addresses are the host's.
            boolean onDevice = !device.isHost(source.memory()) && !device.isHost(destination.memory());
            Driver.check(device.turns().call(() -> onDevice
                    ? JCudaDriver.cuMemcpyDtoDAsync(Driver.at(destination.address()), Driver.at(source.address()),
                            source.bytes(), handle)
                    : JCudaDriver.cuMemcpyAsync(Driver.at(destination.address()), Driver.at(source.address()),
                            source.bytes(), handle)),
                    "a copy of " + source + " to " + destination);
        }
    }

    @Override
    public void fill(Tensor tensor, double value) {
        uses(tensor);
        if (!tensor.isContiguous()) {
            throw new DeviceException("fill of " + tensor + ": it must be contiguous");
        }
        if (tensor.elements() == 0) {
            return;
        }
        device.context().makeCurrent();
        int result = device.turns().call(() -> Fills.enqueue(tensor, value, handle));
        if (result != CUresult.CUDA_SUCCESS) {
            Driver.check(result, "fill of " + tensor);
        }
    }

    @Override
    public void upload(MemorySegment source, Tensor destination) {
        refuseInCapture("upload");
        checkHostSize(source, destination, "upload");
        device.context().makeCurrent();
        Optional<MemorySegment> staged = uploads.copy(source, destination.bytes(), this);
        if (staged.isPresent()) {
            upload(staged.get(), 0, destination.bytes(), destination);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment native_ = source.isNative() ? source : arena.allocate(source.byteSize(), 16).copyFrom(source);
            for (long done = 0; done < destination.bytes(); done += COPY_PIECE) {
                upload(native_, done, Math.min(COPY_PIECE, destination.bytes() - done), destination);
            }
            // The host memory is pageable, so the driver may still be reading it; but the bytes must be copied before this call returns.
            Driver.check(JCudaDriver.cuStreamSynchronize(handle), "upload to " + destination);
        }
    }

    private void upload(MemorySegment source, long from, long bytes, Tensor destination) {
        if (bytes > 0) {
            Driver.check(JCudaDriver.cuMemcpyHtoDAsync(Driver.at(destination.address() + from),
                    Pointer.to(source.asSlice(from, bytes).asByteBuffer()), bytes, handle),
                    "upload of " + bytes + " bytes");
        }
    }

    @Override
    public void download(Tensor source, MemorySegment destination) {
        refuseInCapture("download");
        checkHostSize(destination, source, "download");
        if (!source.isContiguous()) {
            throw new DeviceException("download of " + source + ": it must be contiguous; copy it first");
        }
        hostSyncs++;
        device.context().makeCurrent();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment native_ = destination.isNative() ? destination : arena.allocate(source.bytes(), 16);
            for (long done = 0; done < source.bytes(); done += COPY_PIECE) {
                long size = Math.min(COPY_PIECE, source.bytes() - done);
                Driver.check(JCudaDriver.cuMemcpyDtoHAsync(Pointer.to(native_.asSlice(done, size).asByteBuffer()),
                        Driver.at(source.address() + done), size, handle), "download of " + size + " bytes");
            }
            waitForAll();
            if (!destination.isNative()) {
                destination.copyFrom(native_.asSlice(0, source.bytes()));
            }
        }
    }

    @Override
    public void synchronize() {
        refuseInCapture("synchronize");
        hostSyncs++;
        device.context().makeCurrent();
        waitForAll();
    }

    private void waitForAll() {
        Driver.check(JCudaDriver.cuStreamSynchronize(handle), "waiting for stream " + name);
        device.failures().check();
    }

    @Override
    public Event record() {
        return recordHere();
    }

    CudaEvent recordHere() {
        refuseInLoop("an event is recorded");
        device.context().makeCurrent();
        CudaEvent event = new CudaEvent(device, recording);
        Driver.check(JCudaDriver.cuEventRecord(event.handle(), handle), "cuEventRecord");
        return event;
    }

    @Override
    public void await(Event event) {
        refuseInLoop("an event is awaited");
        if (!(event instanceof CudaEvent cuda)) {
            throw new DeviceException("stream " + name + " cannot wait for " + event + ": it is not of a CUDA device");
        }
        CudaRecording of = cuda.recording();
        if (recording != null && recording != of) {
            throw new DeviceException("stream " + name
                    + " is being captured and waits for an event that is not of this capture; record the event inside the capture");
        }
        if (of != null) {
            of.join(this);
            recording = of;
        }
        device.context().makeCurrent();
        Driver.check(JCudaDriver.cuStreamWaitEvent(handle, cuda.handle(), 0), "cuStreamWaitEvent");
    }

    @Override
    public void leaveMultiprocessors(int count) {
        leftMultiprocessors = Math.max(0, count);
    }

    /** How many multiprocessors a product may take. */
    public int usableMultiprocessors() {
        return Math.max(1, device.multiprocessors() - leftMultiprocessors);
    }

    @Override
    public boolean isCapturing() {
        return recording != null;
    }

    @Override
    public long hostSyncs() {
        return hostSyncs;
    }

    @Override
    public void close() {
        if (open.compareAndSet(true, false)) {
            device.context().makeCurrent();
            Driver.check(JCudaDriver.cuStreamSynchronize(own), "closing stream " + name);
            ofBodies.ifPresent(this::destroy);
            destroy(own);
            arguments.close();
            uploads.close();
        }
    }

    private void destroy(StreamHandle created) {
        Driver.check(device.turns().call(() -> JCudaDriver.cuStreamDestroy(created)), "cuStreamDestroy");
    }

    private void refuseInCapture(String call) {
        if (recording != null) {
            throw new DeviceException(call + " on stream " + name
                    + " while it is being captured: the host cannot wait or read in a capture; set graph_capture.enable to false");
        }
    }

    private static void checkHostSize(MemorySegment host, Tensor tensor, String call) {
        if (host.byteSize() < tensor.bytes()) {
            throw new DeviceException(call + ": the host segment has " + host.byteSize() + " bytes, " + tensor + " has "
                    + tensor.bytes());
        }
    }
}
