package io.moe4j.runtime.cuda;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cuda.driver.StreamHandle;
import io.moe4j.runtime.cuda.driver.WhileNodes;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records loops into captures: a {@code while} node, whose body is captured on a second driver stream. A kernel of one thread counts the passes and
 * sets the node's condition, once before the node and once at the end of each pass. So a loop without passes costs the time of two small nodes.
 */
final class CapturedLoops {
    private static final Logger log = LoggerFactory.getLogger(CapturedLoops.class);
    private static final String KERNEL = "loop_pass";
    /** Passed instead of the number of the first pass: continue with the next pass. */
    private static final int NEXT = -1;

    private final CudaDevice device;
    private final WhileNodes nodes = new WhileNodes();
    private final Kernel pass;

    private CapturedLoops(CudaDevice device, byte[] kernels) {
        this.device = device;
        pass = device.own(new CudaKernelModule(device, "loops", kernels)).kernel(KERNEL);
    }

    /** Absent if the driver has no such nodes: captures then hold the largest possible number of passes. */
    static Optional<CapturedLoops> open(CudaDevice device) {
        if (WhileNodes.probe() instanceof Availability.Unavailable(String reason, String remedy)) {
            log.info("captured steps hold all passes of loops: {}; {}", reason, remedy);
            return Optional.empty();
        }
        try {
            return Optional.of(new CapturedLoops(device, kernels()));
        } catch (DeviceException | NoSuchElementException e) { // the latter: a driver without one of the functions
            log.warn("captured steps hold all passes of loops, since the kernel that counts them cannot be loaded", e);
            return Optional.empty();
        }
    }

    /** The driver takes text that ends with a zero. */
    private static byte[] kernels() {
        try (InputStream text = CapturedLoops.class.getResourceAsStream("loop.ptx")) {
            if (text == null) {
                throw new DeviceException("loop.ptx is missing beside " + CapturedLoops.class.getName()
                        + "; build the module again");
            }
            byte[] bytes = text.readAllBytes();
            return Arrays.copyOf(bytes, bytes.length + 1);
        } catch (IOException e) {
            throw new DeviceException("loop.ptx cannot be read", e);
        }
    }

    /** Adds a loop to the graph that {@code stream} is captured into. */
    void record(CudaStream stream, DeviceLoop loop, Runnable body) {
        // In a turn of ContextTurns, because the driver may allocate memory for conditions and nodes.
        AtomicLong condition = new AtomicLong();
        device.turns().run(() -> condition.set(nodes.condition(stream.handle())));
        stream.launch(count(loop, loop.first(), condition.get()));
        StreamHandle second = stream.handleOfBodies();
        device.turns().run(() -> nodes.beginBody(second, nodes.add(stream.handle(), condition.get())));
        boolean recorded = false;
        try {
            stream.enqueueTo(second, () -> {
                body.run();
                stream.launch(count(loop, NEXT, condition.get()));
            });
            recorded = true;
        } finally {
            end(second, recorded);
        }
    }

    private Launch count(DeviceLoop loop, int first, long condition) {
        return Launch.of(pass, KernelArg.of(loop.pass_1()), KernelArg.of(loop.end_1()), KernelArg.of(first),
                KernelArg.of(loop.limit()), KernelArg.of(condition));
    }

    /** Ends the capture of the body, also if the body has failed, so that its stream can be used again. In that case the body's error is thrown. */
    private void end(StreamHandle body, boolean recorded) {
        try {
            nodes.endBody(body);
        } catch (DeviceException e) {
            if (recorded) {
                throw e;
            }
            log.debug("the capture of a loop's body was ended after a failure", e);
        }
    }
}
