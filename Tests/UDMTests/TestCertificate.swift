// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A certificate of its own authority for 127.0.0.1 and localhost, valid until 2120. It protects nothing.
enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCATCgAwIBAgIUHfT1Zof6Kpb0hgmoMyzBtBpk8NQwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRc2NpbS1icmlkZ2UgdGVzdHMwIBcNMjAwMTAxMDAwMDAwWhgP
        MjEyMDAxMDEwMDAwMDBaMBwxGjAYBgNVBAMMEXNjaW0tYnJpZGdlIHRlc3RzMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV6kvsyovt+mqpJSoGatY+rj5QIpoOFGX
        bZdosLpJ0T89qwXdsqPgOqMYnSBGezeW1sEyS68X35GsqKI4m1NopaNOMEwwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0O
        BBYEFOLR1/x3uZ5M7MRs6r/4ICIU/bFRMAoGCCqGSM49BAMCA0cAMEQCIEzwgrz0
        6DSqwo8Dhr/lJpeZ8rYiHwrgp3OzCGikAtTWAiAKc+sHWFC9Vb9OQVzsCtL6QP06
        H7gZDiGDrLXBZjeIGA==
        -----END CERTIFICATE-----
        """

    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9LrC7YkUi3ci+dfA
        XCwDF32K0+KT6Fpb4mMpW1NgZVehRANCAARXqS+zKi+36aqklKgZq1j6uPlAimg4
        UZdtl2iwuknRPz2rBd2yo+A6oxidIEZ7N5bWwTJLrxffkayoojibU2il
        -----END PRIVATE KEY-----
        """
}
