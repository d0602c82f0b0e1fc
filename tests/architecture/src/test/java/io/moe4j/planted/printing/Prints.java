package io.moe4j.planted.printing;

/** Prints in every way that there is. */
final class Prints {

    void toOut() {
        System.out.println("out");
    }

    void toErr() {
        System.err.println("err");
    }

    void byIo() {
        IO.println("io");
    }

    void trace(Exception e) {
        e.printStackTrace();
    }
}
