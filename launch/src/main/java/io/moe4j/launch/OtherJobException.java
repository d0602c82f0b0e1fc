package io.moe4j.launch;

import java.io.IOException;

/** What listens at the meeting place is of another job, or has another secret. It may be the end of an earlier run, and go soon. */
final class OtherJobException extends IOException {
    private static final long serialVersionUID = 1;

    OtherJobException(String message) {
        super(message);
    }
}
