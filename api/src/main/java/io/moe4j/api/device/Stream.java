package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * An ordered queue of device work, driven by one thread. Calls enqueue work and return; an error that the device finds later is thrown by the next
 * call that waits. Only {@link #download} and {@link #synchronize} wait, and they are counted.
 *
 * <p>While a capture is under way nothing runs: work is recorded, and calls that wait throw {@link DeviceException}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Stream extends AutoCloseable {

    /** The device. */
    Device device();

    /** Its name, for error messages. */
    String name();

    /** Enqueues a kernel. */
    void launch(Launch launch);

    /** Enqueues a copy of dense bytes; types, shapes and contiguity must match. For strided copies see {@code ElementwiseOps.copy}. */
    void copy(Tensor source, Tensor destination);

    /** Enqueues filling with a value (converted to the tensor's type). The tensor is contiguous. */
    void fill(Tensor tensor, double value);

    /** Enqueues a copy from the host. The bytes are read before the call returns, so the source may be reused. Not allowed in a capture. */
    void upload(MemorySegment source, Tensor destination);

    /** Waits for the stream, and copies to the host. Counted in {@link #hostSyncs()}; throws in a capture. */
    void download(Tensor source, MemorySegment destination);

    /** Waits for the stream. Counted in {@link #hostSyncs()}; throws in a capture. */
    void synchronize();

    /**
     * Enqueues a loop whose length is in device memory: the work that {@code body} enqueues is one pass. In a capture, a stream may record the work of one
     * pass, which the device then repeats as often as {@code loop} says: {@code body} is called once, and each replay makes as many passes as the value in
     * device memory asks for. Otherwise the host, which does not know that value, enqueues {@link DeviceLoop#mostPasses()} passes and calls {@code body} for
     * each; so does this default. Therefore
     *
     * <ul>
     * <li>{@code body} must enqueue the same work each time; work that depends on the pass reads its number from {@code pass_1};
     * <li>in passes beyond the end, {@code pass_1} is not below {@code end_1}, and the work must have no effect: kernels compare the two.
     * </ul>
     *
     * <p>In a capture, {@code body} must use this stream only, and must not record or await events, nor repeat: such calls throw {@link DeviceException}.
     * Barriers between ranks are allowed, if all of these ranks make the same number of passes. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void repeat(DeviceLoop loop, Runnable body) {
        for (int pass = loop.first(); pass < loop.limit(); pass++) {
            fill(loop.pass_1(), pass);
            body.run();
        }
    }

    /** Marks the current end of the queue. */
    Event record();

    /** Makes all later work of this stream wait for {@code event}, which may belong to another stream of the device. */
    void await(Event event);

    /**
     * Products that are enqueued from now on leave about {@code count} of the device's multiprocessors to other streams; with 0, the initial value, they
     * may use all. This is for products whose blocks would occupy all multiprocessors from beginning to end, and so would delay the work of other streams, or
     * wait for it. Results do not depend on it. A device may ignore it. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void leaveMultiprocessors(int count) {}

    /** Whether a capture is under way. */
    boolean isCapturing();

    /** How often the host has waited since the stream was opened. */
    long hostSyncs();

    /** Waits for the queued work, and releases the stream. */
    @Override
    void close();
}
