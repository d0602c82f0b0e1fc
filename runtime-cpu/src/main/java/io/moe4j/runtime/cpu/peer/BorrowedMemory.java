package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.Memory;

/** Another rank's memory, as a thread of the same process sees it. Its owner frees it. */
record BorrowedMemory(long address, long bytes, String purpose) implements Memory {

    @Override
    public boolean isLive() {
        return true;
    }

    @Override
    public void close() {}
}
