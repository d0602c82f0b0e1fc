package io.moe4j.launch;

import java.io.IOException;

/** The process that listens at the meeting address belongs to another job, or has another secret. It may be an earlier run that is about to end. */
final class OtherJobException extends IOException {
    private static final long serialVersionUID = 1;

    OtherJobException(String message) {
        super(message);
    }
}
