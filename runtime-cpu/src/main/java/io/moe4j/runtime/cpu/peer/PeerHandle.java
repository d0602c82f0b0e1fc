package io.moe4j.runtime.cpu.peer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * What a rank tells the other ranks about its memory.
 *
 * @param address address of the memory in the process that allocated it
 * @param bytes size of the memory
 * @param file the file from which the memory is mapped; empty if only threads of one process share it
 */
record PeerHandle(long address, long bytes, String file) {

    byte[] encode() {
        ByteArrayOutputStream bytesOut = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytesOut)) {
            out.writeLong(address);
            out.writeLong(bytes);
            out.writeUTF(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytesOut.toByteArray();
    }

    static PeerHandle decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            return new PeerHandle(in.readLong(), in.readLong(), in.readUTF());
        } catch (IOException e) {
            throw new UncheckedIOException("a peer's memory handle of " + bytes.length + " bytes is cut short", e);
        }
    }
}
