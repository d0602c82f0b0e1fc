package io.moe4j.planted.natives;

import org.bytedeco.javacpp.FloatPointer;

/** Shows a native type to everybody. */
public abstract class Pointing {

    /** The violation. */
    public abstract FloatPointer rows();
}
