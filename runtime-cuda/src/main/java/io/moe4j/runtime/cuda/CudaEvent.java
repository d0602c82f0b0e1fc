package io.moe4j.runtime.cuda;

import io.moe4j.api.device.Event;
import io.moe4j.runtime.cuda.driver.Driver;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** A CUDA event; it is destroyed when it is no longer referenced. */
final class CudaEvent implements Event {
    private final CUevent event = new CUevent();
    private final CudaDevice device;
    private final @Nullable CudaRecording recording;

    /**
     * Creates an event in the device's context, which must be current.
     *
     * @param recording the capture that it belongs to
     */
    CudaEvent(CudaDevice device, @Nullable CudaRecording recording) {
        Driver.check(JCudaDriver.cuEventCreate(event, 0), "cuEventCreate");
        this.device = device;
        this.recording = recording;
        CUevent handle = event;
        device.cleaner().register(this, () -> JCudaDriver.cuEventDestroy(handle));
    }

    CUevent handle() {
        return event;
    }

    @Nullable
    CudaRecording recording() {
        return recording;
    }

    @Override
    public double secondsSince(Event start) {
        if (recording != null || !(start instanceof CudaEvent first) || first.recording != null
                || first.device != device) {
            throw new IllegalStateException("events of a capture, or of two devices, have no time between them; record"
                    + " both outside the capture, on streams of one device");
        }
        device.context().makeCurrent();
        Driver.check(JCudaDriver.cuEventSynchronize(event), "cuEventSynchronize");
        float[] milliseconds = new float[1];
        Driver.check(JCudaDriver.cuEventElapsedTime(milliseconds, first.event, event), "cuEventElapsedTime");
        return milliseconds[0] / 1e3;
    }
}
