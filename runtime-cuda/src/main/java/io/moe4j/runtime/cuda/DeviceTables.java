package io.moe4j.runtime.cuda;

/** Symmetric memory that kernels reach through a table of pointers in device memory. */
public interface DeviceTables {

    /** Address of a table with one 64-bit pointer per rank. Each points {@code byteOffset} bytes into that rank's memory. */
    long tableAddress(long byteOffset);
}
