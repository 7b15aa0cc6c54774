mkdir -p /opt/made && cat tool.conf > /opt/made/conf && chmod 700 /opt/made/conf
