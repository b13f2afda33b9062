$null = Start-KmsEmulator -Running
