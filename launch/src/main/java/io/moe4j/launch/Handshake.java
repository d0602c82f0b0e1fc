package io.moe4j.launch;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * The beginning of a connection. All parts have a fixed size, so that a stranger cannot make the other side keep more than a few bytes:
 *
 * <pre>
 * both sides       magic (8), version (4)
 * process to hub   where its secret comes from (1), random bytes (32)
 * hub to process   where its secret comes from (1), random bytes (32)
 * process to hub   proof that it has the secret (32)
 * hub to process   1 and its own proof (32); or 0, if the process's proof is wrong
 * </pre>
 *
 * Keys, one for each direction, are derived from the secret and from all bytes that both sides have sent before the proofs. These include random
 * bytes of both sides, so that messages recorded from another connection are not accepted.
 */
final class Handshake {
    private static final int NONCE_BYTES = 32;
    private static final int KEY_BYTES = 32;

    private final Socket socket;
    private final JobSecret secret;
    private final DataInputStream in;
    private final DataOutputStream out;

    /** Begins on a connected socket and sends the preamble; each read waits at most {@code limitMillis}. */
    Handshake(Socket socket, JobSecret secret, int limitMillis) throws IOException {
        this.socket = socket;
        this.secret = secret;
        socket.setTcpNoDelay(true);
        socket.setKeepAlive(true);
        socket.setSoTimeout(Math.max(1, limitMillis));
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        Wire.writePreamble(out);
    }

    /** Reads the other side's preamble, and returns its version. */
    int readPreamble() throws IOException {
        return Wire.readPreamble(in);
    }

    /** The hub's side, after the preamble. */
    Connection asHub() throws IOException {
        Introduction process = readIntroduction();
        Introduction hub = introduce();
        Keys keys = keys(process, hub);
        Seal toHub = new Seal(keys.toHub);
        Seal toProcess = new Seal(keys.toProcess);
        if (!MessageDigest.isEqual(toHub.proof(), readProof())) {
            out.writeByte(0);
            out.flush();
            throw new ProtocolException("it does not have this job's secret: it uses "
                    + JobSecret.Source.describe(process.source) + ", and rank 0 "
                    + JobSecret.Source.describe(hub.source));
        }
        out.writeByte(1);
        out.write(toProcess.proof());
        out.flush();
        return new Connection(socket, in, out, toHub, toProcess);
    }

    /**
     * The side of a process that connects to the hub, after the preamble.
     *
     * @throws OtherJobException if the hub does not have the secret
     */
    Connection asProcess() throws IOException {
        Introduction process = introduce();
        Introduction hub = readIntroduction();
        Keys keys = keys(process, hub);
        Seal toHub = new Seal(keys.toHub);
        Seal toProcess = new Seal(keys.toProcess);
        out.write(toHub.proof());
        out.flush();
        if (in.readByte() != 1 || !MessageDigest.isEqual(toProcess.proof(), readProof())) {
            throw new OtherJobException("it does not have the secret of this process: it uses "
                    + JobSecret.Source.describe(hub.source) + ", and this process "
                    + JobSecret.Source.describe(process.source)
                    + ". Another job may listen there: choose another MASTER_PORT. Or set " + JobSecret.VARIABLE
                    + " to the same text in all processes");
        }
        return new Connection(socket, in, out, toProcess, toHub);
    }

    private byte[] readProof() throws IOException {
        byte[] proof = new byte[Seal.TAG_BYTES];
        in.readFully(proof);
        return proof;
    }

    private Introduction introduce() throws IOException {
        byte[] nonce = new byte[NONCE_BYTES];
        new SecureRandom().nextBytes(nonce);
        Introduction mine = new Introduction(secret.source().number(), nonce);
        out.writeByte(mine.source);
        out.write(mine.nonce);
        out.flush();
        return mine;
    }

    private Introduction readIntroduction() throws IOException {
        int source = in.readUnsignedByte();
        byte[] nonce = new byte[NONCE_BYTES];
        in.readFully(nonce);
        return new Introduction(source, nonce);
    }

    private Keys keys(Introduction process, Introduction hub) {
        byte[] salt = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + 2 * (1 + NONCE_BYTES)).putLong(Wire.MAGIC)
                .putInt(Wire.VERSION).put((byte) process.source).put(process.nonce).put((byte) hub.source)
                .put(hub.nonce).array();
        return new Keys(key(salt, "to hub"), key(salt, "to process"));
    }

    private SecretKey key(byte[] salt, String direction) {
        try {
            return KDF.getInstance("HKDF-SHA256").deriveKey(Seal.ALGORITHM, HKDFParameterSpec.ofExtract()
                    .addIKM(secret.bytes()).addSalt(salt)
                    .thenExpand(direction.getBytes(StandardCharsets.UTF_8), KEY_BYTES));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java 25 runtime has HKDF-SHA256", e);
        }
    }

    private record Introduction(int source, byte[] nonce) {}

    private record Keys(SecretKey toHub, SecretKey toProcess) {}
}
