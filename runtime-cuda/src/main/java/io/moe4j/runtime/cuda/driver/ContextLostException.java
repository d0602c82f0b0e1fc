package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;

/**
 * A call failed because the context of its device is lost: a kernel failed in a way after which every call in this process fails as well, and all memory of the
 * context is gone (CUDA driver API, {@code CUresult}: "the process must be terminated and relaunched").
 */
public final class ContextLostException extends DeviceException {
    private static final long serialVersionUID = 1;

    ContextLostException(String message) {
        super(message);
    }
}
